// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// Whether what is behind the peers is routed into the tunnel, and nothing else is.
package enum RouteInner: Check {
    package static let id = "route.inner"
    package static let why =
        "only what is routed into the device is carried, and only to addresses in a peer's AllowedIPs"
    package static let causes = ["peer.local", "device.down", "rules.missing", "changes.missing", "route.loop"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in overridden(tunnel) + strayed(tunnel, host) }
    }

    /// AllowedIPs whose routes somebody removed, or has better ones for.
    private static func overridden(_ tunnel: TunnelSnapshot) -> [Finding] {
        guard tunnel.isRunning, tunnel.routing == .automatic, let device = tunnel.device else { return [] }
        let missed = tunnel.peers.flatMap(\.inner).filter { way in
            way.misses(device) && !way.answers.allSatisfy { $0.way == .local }
        }
        guard !missed.isEmpty else { return [] }
        var evidence = missed.prefix(3).map { way in
            "tunnel \(tunnel.name): AllowedIPs \(way.prefix) is not routed into \(device): "
                + (way.answers.first?.evidence ?? "")
        }
        if missed.count > 3 { evidence.append("and \(missed.count - 3) more") }
        let routes = missed.map { "ip route replace \($0.prefix) dev \(device)" }
        return [
            finding(
                .broken, evidence,
                fix: tunnel.repair ?? (routes.count > 20 ? nil : routes.joined(separator: " && ")))
        ]
    }

    /// Packets that reach the device, for one host each, and are for no peer's.
    private static func strayed(_ tunnel: TunnelSnapshot, _ host: HostSnapshot) -> [Finding] {
        let growth = tunnel.dropped(.noPeer)
        guard let verdict = growth.verdict else { return [] }
        return [
            finding(
                verdict, ["tunnel \(tunnel.name): \(growth.saying("packets to addresses that no peer has", host))"],
                next: "to see which: iptund monitor --drops \(tunnel.name); to carry them: "
                    + tunnel.change("AllowedIPs", "--allowed-ips", to: "... of the peer that has them"))
        ]
    }
}
