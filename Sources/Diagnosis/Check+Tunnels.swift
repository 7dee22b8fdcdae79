// SPDX-License-Identifier: Apache-2.0

package import Tunnel

/// How most checks go about it.
extension Check {
    /// What there is to say of each tunnel; when there is nothing, one finding that all is well.
    ///
    /// A tunnel that does not tell us what `judge` has to know is unknown. Of many findings some are left out.
    package static func of(
        _ tunnels: [TunnelSnapshot], _ judge: (TunnelSnapshot) -> [Finding]
    ) -> [Finding] {
        let findings = tunnels.flatMap { tunnel in
            switch tunnel.standing {
            case .hidden(let why), .silent(let why):
                [finding(.unknown, ["tunnel \(tunnel.name) does not answer: \(why)"])]
            case .running, .failed, .down: judge(tunnel)
            }
        }
        guard findings.count > limit else { return findings.isEmpty ? [finding(.ok)] : findings }
        var few = Array(findings.prefix(limit))
        few[limit - 1].evidence.append("and \(findings.count - limit) more")
        return few
    }

    /// How many findings of one check are enough to see what is wrong.
    private static var limit: Int { 20 }

    /// The same for each peer of each tunnel.
    package static func ofPeers(
        _ tunnels: [TunnelSnapshot], _ judge: (TunnelSnapshot, PeerSnapshot) -> Finding?
    ) -> [Finding] {
        of(tunnels) { tunnel in tunnel.peers.compactMap { judge(tunnel, $0) } }
    }

    /// Returns a finding for each tunnel with packets dropped for this reason: broken while more are dropped, worth knowing if
    /// some were before.
    package static func ofDrops(
        _ host: HostSnapshot, _ drop: Drop, next: (TunnelSnapshot) -> String?
    ) -> [Finding] {
        of(host.tunnels) { tunnel in
            let growth = tunnel.dropped(drop)
            guard let verdict = growth.verdict else { return [] }
            let evidence = "tunnel \(tunnel.name): \(growth.saying("packets dropped as \(drop.name)", host))"
            return [finding(verdict, [evidence], next: next(tunnel))]
        }
    }

    /// What cannot be judged, because something cannot be seen.
    package static func unknown(_ why: String) -> [Finding] { [finding(.unknown, [why])] }
}

extension Growth {
    /// The verdict of losses: broken while they go on, worth knowing if there were some before.
    package var verdict: Verdict? { recent > 0 ? .broken : total > 0 ? .info : nil }

    /// How many there are of what, and how many of them are new.
    package func saying(_ what: String, _ host: HostSnapshot) -> String {
        let news = recent > 0 ? "\(recent) of them within \(host.windowMilliseconds) ms" : "none of them just now"
        return "\(total) \(what), \(news)"
    }
}
