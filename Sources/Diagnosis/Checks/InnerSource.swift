// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether a peer sends what its AllowedIPs do not hold.
package enum InnerSource: Check {
    package static let id = "inner.source"
    package static let why = "a peer may send only from its AllowedIPs; the rest is dropped"
    package static let causes = ["owner.twice"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            var growth = tunnel.dropped(.innerSource)
            // Every tunnel is given the packets of another one to the same peer, too.
            let twins = host.running.filter { $0.name != tunnel.name }.flatMap(\.peers).filter { twin in
                twin.endpoint != nil && tunnel.peers.contains { $0.endpoint == twin.endpoint && $0.isSameEnd(as: twin) }
            }
            let theirs = twins.reduce(Growth()) { $0 + $1.received }
            if !twins.isEmpty {
                // Tunnels are not asked at the very same moment.
                let slack = theirs.recent / 10 + 2
                growth.recent -= min(growth.recent, theirs.recent + slack)
                growth.total -= min(growth.total, theirs.total + slack)
            }
            guard var verdict = growth.verdict else { return [] }
            // A few among many that are accepted are no fault of the tunnel: a probe, a mistake.
            if verdict == .broken, growth.recent < tunnel.decapsulated.recent { verdict = .warning }
            let evidence = "tunnel \(tunnel.name): \(growth.saying("packets dropped as inner-source", host))"
            let change = tunnel.change("AllowedIPs", "--allowed-ips", to: "... of that peer")
            return [
                finding(
                    verdict, [evidence],
                    next: "to see which: iptund monitor --drops \(tunnel.name); to accept them: \(change)")
            ]
        }
    }
}
