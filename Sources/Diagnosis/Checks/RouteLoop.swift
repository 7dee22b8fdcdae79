// SPDX-License-Identifier: Apache-2.0

/// Whether outer packets are routed into the tunnel that they come from, be it through other tunnels of this host.
package enum RouteLoop: Check {
    package static let id = "route.loop"
    package static let why = "a packet to the peer that is routed into the tunnel would be wrapped for ever"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            guard let loop = TunnelLoop(peer, of: tunnel, among: host.tunnels + host.others) else { return nil }
            var evidence = ["tunnel \(tunnel.name): peer \(peer.label): \(loop.way.evidence)"]
            if loop.tunnels != [tunnel.name, tunnel.name] { evidence.append("round and round: \(loop.path)") }
            return finding(.broken, evidence, fix: loop.way.route.map { "ip route delete \($0)" })
        }
    }
}
