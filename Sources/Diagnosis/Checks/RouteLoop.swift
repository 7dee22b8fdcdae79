// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Whether outer packets are routed into the tunnel that they come from, be it through other tunnels of this host.
package enum RouteLoop: Check {
    package static let id = "route.loop"
    package static let why =
        "a packet to the peer that is routed into the tunnel is encapsulated again and again until its TTL ends"

    package static let causes = ["rules.missing", "changes.missing"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            guard let loop = TunnelLoop(peer, of: tunnel, among: host.tunnels + host.others) else { return nil }
            var evidence = ["tunnel \(tunnel.name): peer \(peer.label): \(loop.way.evidence)"]
            if loop.tunnels != [tunnel.name, tunnel.name] { evidence.append("round and round: \(loop.path)") }
            return finding(.broken, evidence, fix: fix(loop, peer, tunnel))
        }
    }

    /// A route to the peer past the tunnel leaves everything else as it is. Without one, the route that leads astray may go,
    /// unless it is what AllowedIPs or the device live by.
    private static func fix(_ loop: TunnelLoop, _ peer: PeerSnapshot, _ tunnel: TunnelSnapshot) -> String? {
        if let bypass = peer.bypass { return bypass }
        guard let route = loop.way.route, let prefix = route.split(separator: " ").first.flatMap({ Prefix($0) }) else {
            return nil
        }
        let isNeeded = tunnel.peers.contains { $0.allowed?.contains(prefix) ?? false }
        return isNeeded ? nil : "ip route delete \(route)"
    }
}
