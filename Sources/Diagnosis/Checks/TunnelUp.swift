// SPDX-License-Identifier: Apache-2.0

/// Whether the tunnel runs, and whether packets can pass, in its own words.
package enum TunnelUp: Check {
    package static let id = "tunnel.up"
    package static let why = "only a running daemon carries packets"
    /// A tunnel reports that packets cannot pass; the other checks tell why.
    package static let causes =
        localCauses + [
            "peer.unreachable", "peer.filtered", "peer.absent", "peer.kernel", "peer.address", "peer.silent",
            "peer.inner",
        ]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        if host.tunnels.isEmpty { return [finding(.info, ["no tunnel runs in this network namespace"])] }
        return host.tunnels.map(judge)
    }

    private static func judge(_ tunnel: TunnelSnapshot) -> Finding {
        let name = tunnel.name
        switch tunnel.standing {
        case .running(nil): return finding(.ok, ["tunnel \(name) is up"])
        case .running(let problem?) where asksThePeer.contains(where: problem.contains):
            return finding(
                .warning, ["tunnel \(name) is degraded: \(problem)", "what is asked of the peer tells why"],
                why: degraded)
        case .running(let problem?) where problem.contains("its keeper has ended"):
            return finding(
                .broken, ["tunnel \(name) is degraded: \(problem)"], why: degraded,
                next: "end it and start it again: iptund down \(name)")
        case .running(let problem?):
            let look = "what refuses them: nft list ruleset; ip rule; ip xfrm policy"
            return finding(
                .broken, ["tunnel \(name) is degraded: \(problem)"], why: degraded,
                next: problem.contains("none of its packets is sent") ? look : nil)
        case .hidden(let why): return finding(.unknown, ["tunnel \(name) does not answer: \(why)"])
        case .silent(let why):
            return finding(
                .broken, ["tunnel \(name) does not answer: \(why)"],
                next: "its process is stopped, or hangs: end it, then start the tunnel again")
        case .failed where tunnel.isKillSwitchAlone:
            return finding(.info, ["tunnel \(name) is not up"])
        case .failed(let why):
            let evidence = ["tunnel \(name) is down: \(why)"]
            if case .file(let path) = tunnel.origin {
                return finding(.broken, evidence, fix: "iptund up \(path)")
            }
            return finding(.broken, evidence, next: "start it again as it was started before")
        case .down: return finding(.info, ["tunnel \(name) is not up"], fix: nil)
        }
    }

    private static let degraded = "the tunnel runs, and packets cannot pass, or the host is not what it should be"

    /// Parts of problems of which what is asked of the peer tells more.
    private static let asksThePeer = ["it does not answer", "packets to it are refused", "does not answer ARP"]
}
