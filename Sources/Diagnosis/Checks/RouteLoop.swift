// SPDX-License-Identifier: Apache-2.0

/// Whether outer packets are routed into the tunnel that they come from.
package enum RouteLoop: Check {
    package static let id = "route.loop"
    package static let why = "a packet to the peer that is routed into the tunnel would be wrapped for ever"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            guard tunnel.network == nil, let way = peer.way, let device = way.device, device == tunnel.device else {
                return nil
            }
            return finding(
                .broken, ["tunnel \(tunnel.name): peer \(peer.label): \(way.evidence)"],
                fix: way.route.map { "ip route delete \($0)" })
        }
    }
}
