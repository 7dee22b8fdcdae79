// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether somebody routes IPv6 into the tunnel.
package enum IPv6Inside: Check {
    package static let id = "ipv6.inside"
    package static let why = "the tunnel carries IPv4 only"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            let growth = tunnel.dropped(.innerIPv6)
            guard growth.total > 0, let device = tunnel.device else { return [] }
            return [
                finding(
                    .info, ["tunnel \(tunnel.name): \(growth.saying("IPv6 packets dropped", host))"],
                    fix: "sysctl -w net.ipv6.conf.\(String(device.map { $0 == "." ? "/" : $0 })).disable_ipv6=1")
            ]
        }
    }
}
