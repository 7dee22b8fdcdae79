// SPDX-License-Identifier: Apache-2.0

/// Whether the tunnel runs, and whether packets can pass, in its own words.
package enum TunnelUp: Check {
    package static let id = "tunnel.up"
    package static let why = "only a running daemon carries packets"
    package static let causes = [
        "tun.missing", "capability.missing", "address.local", "peer.local", "peer.unresolved", "route.underlay",
        "route.loop", "route.inner",
    ]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        if host.tunnels.isEmpty { return [finding(.info, ["no tunnel runs in this network namespace"])] }
        return host.tunnels.map(judge)
    }

    private static func judge(_ tunnel: TunnelSnapshot) -> Finding {
        let name = tunnel.name
        switch tunnel.standing {
        case .running(nil): return finding(.ok, ["tunnel \(name) is up"])
        case .running(let problem?) where problem.hasSuffix("it does not answer"):
            return finding(.warning, ["tunnel \(name) is degraded: \(problem)", "what is asked of the peer tells why"])
        case .running(let problem?):
            return finding(.broken, ["tunnel \(name) is degraded: \(problem)"], fix: fix(problem))
        case .hidden(let why): return finding(.unknown, ["tunnel \(name) does not answer: \(why)"])
        case .silent(let why):
            return finding(
                .broken, ["tunnel \(name) does not answer: \(why)"], fix: "iptund down \(name)")
        case .failed(let why):
            return finding(.broken, ["tunnel \(name) is down: \(why)"], fix: "iptund up \(name)")
        case .down: return finding(.info, ["tunnel \(name) is not up"], fix: nil)
        }
    }

    /// What the daemon itself recommends, which stands behind a colon: `the device is down: ip link set b up`.
    private static func fix(_ problem: String) -> String? {
        problem.hasPrefix("the device is down: ") ? String(problem.dropFirst("the device is down: ".count)) : nil
    }
}
