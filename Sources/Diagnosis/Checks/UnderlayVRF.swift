// SPDX-License-Identifier: Apache-2.0

/// Whether outer packets leave by a VRF, which is not supported.
package enum UnderlayVRF: Check {
    package static let id = "underlay.vrf"
    package static let why =
        "a raw socket that is bound to no VRF sends by the main table, and is given what arrives in a VRF only where "
        + "net.ipv4.raw_l3mdev_accept is 1"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            if let found = peer.vrf {
                let evidence =
                    "tunnel \(tunnel.name): only VRF \(found.vrf) leads to peer \(peer.label), by \(found.link)"
                return finding(.broken, [evidence, unsupported], next: whatNow)
            }
            let links = [peer.way?.device, peer.plainWay?.device].compactMap(\.self)
            guard let link = links.first(where: { host.network.links[$0]?.vrf != nil }),
                let vrf = host.network.links[link]?.vrf
            else { return nil }
            let evidence =
                "tunnel \(tunnel.name): packets to peer \(peer.label) leave by \(link), which is in VRF \(vrf)"
            return finding(
                .warning, [evidence, unsupported], next: whatNow)
        }
    }

    private static let unsupported = "iptund does not support an underlay in a VRF"
    private static let whatNow =
        "run the tunnel over a link of the main table, or with its uplink in a network namespace"
}
