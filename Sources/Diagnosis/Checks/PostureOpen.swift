// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Whether the tunnel takes packets that anybody on the Internet may have sent.
package enum PostureOpen: Check {
    package static let id = "posture.open"
    package static let why =
        "an outer source is easily forged: who may send anything inside reaches all that this host reaches"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            if tunnel.acceptsFrom == "any" {
                let value = tunnel.peers.isEmpty ? "the prefixes of those who send" : "peers"
                return [
                    finding(
                        .warning, ["tunnel \(tunnel.name): AcceptFrom = any"],
                        next: tunnel.change("AcceptFrom", "--accept-from", to: value))
                ]
            }
            return tunnel.peers.filter { $0.allowed == nil && $0.endpoint?.isPublic == true }.map { peer in
                finding(
                    .info, ["tunnel \(tunnel.name): peer \(peer.label) is public and has no AllowedIPs"],
                    next: tunnel.change("AllowedIPs", "--allowed-ips", to: "the prefixes behind it"))
            }
        }
    }
}
