// SPDX-License-Identifier: Apache-2.0

/// Whether there is a way to the peer.
package enum RouteUnderlay: Check {
    package static let id = "route.underlay"
    package static let why = "outer packets need a route to the peer"
    package static let causes = ["address.local", "netfilter.output", "underlay.vrf"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            guard let way = peer.way, let endpoint = peer.endpoint else { return nil }
            switch way.way {
            case .out, .local: return nil
            case .nowhere, .many:
                // A route past the VRF would be no more than a way to send.
                return finding(
                    .broken, ["tunnel \(tunnel.name): peer \(peer.label): \(way.evidence)"],
                    next: peer.vrf == nil ? "ip route add \(endpoint)/32 via the router that leads to it" : nil)
            }
        }
    }
}
