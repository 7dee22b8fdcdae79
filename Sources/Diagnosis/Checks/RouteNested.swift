// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// A peer that is reached through another tunnel of this host.
package enum RouteNested: Check {
    package static let id = "route.nested"
    package static let why = "a tunnel inside of another one has the other's MTU less 20, and is down when the other is"

    /// Kinds of links that are tunnels themselves.
    private static let tunnels: Set<String> = [
        "tun", "wireguard", "ipip", "sit", "gre", "ip_tunnel", "vti", "xfrm", "ppp", "vxlan", "geneve",
    ]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            guard let device = peer.way?.device, device != tunnel.device, let link = host.network.links[device],
                let kind = link.kind, tunnels.contains(kind)
            else { return nil }
            let owner = host.others.first { $0.device == device && $0.network == nil }
            let through = owner.map { "tunnel \($0.name) (\(device))" } ?? "\(device), a link of kind \(kind)"
            let evidence = [
                "tunnel \(tunnel.name): peer \(peer.label) is reached through \(through)",
                "mtu \(link.mtu) there leaves \(max(0, link.mtu - OuterHeader.length)) for inner packets",
            ]
            return finding(.info, evidence)
        }
    }
}
