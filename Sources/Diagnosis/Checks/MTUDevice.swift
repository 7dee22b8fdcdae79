// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Whether what fits into the device fits into an outer packet.
package enum MTUDevice: Check {
    package static let id = "mtu.device"
    package static let why =
        "a packet that fills the device is longer than the way to the peer takes, and dies or is cut"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            // In a loop the link that outer packets leave by is the device itself.
            guard tunnel.isRunning, !tunnel.isFragmenting, peer.way?.device == nil || peer.way?.device != tunnel.device,
                let device = tunnel.device,
                let link = host.inside(tunnel).links[device]
            else {
                return nil
            }
            let outer = link.mtu + OuterHeader.length
            let known = [(peer.underlayMTU, "the underlay"), (peer.pathMTU, "the path")].filter { $0.0 > 0 }
            guard let (least, what) = known.min(by: { $0.0 < $1.0 }), outer > least else { return nil }
            let evidence = [
                "\(device): mtu \(link.mtu), so outer packets have up to \(outer) octets",
                "\(what) to peer \(peer.label) takes \(least)",
            ]
            // A path that was learned is told to every sender; what nobody ever sends full needs no more.
            return finding(
                what == "the path" ? .info : .warning, evidence,
                fix: "ip link set dev \(device) mtu \(least - OuterHeader.length)")
        }
    }
}
