// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether answers to what comes from behind the peers find their way back.
package enum RouteReturn: Check {
    package static let id = "route.return"
    package static let why =
        "answers to packets from the tunnel need a route, and one back into the tunnel to reach the peer"
    package static let causes = [
        "device.down", "rules.missing", "changes.missing", "route.inner", "rpfilter.tunnel", "peer.local",
        "forwarding.off",
    ]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, tunnel.only != .decapsulate else { return [] }
            let lost = tunnel.peers.flatMap(\.inner).filter { $0.answers.allSatisfy(\.isNowhere) }
            if let first = lost.first {
                let evidence = lost.prefix(3).map { way in
                    "tunnel \(tunnel.name): no way back to \(way.prefix): \(way.answers.first?.evidence ?? "")"
                }
                return [
                    finding(.broken, evidence, fix: "ip route add \(first.prefix) dev \(tunnel.device ?? "DEVICE")")
                ]
            }
            // Only a tunnel without AllowedIPs has sources that nobody named.
            guard let growth = host.inside(tunnel).counter("IpExt.InNoRoutes"), growth.recent > 0,
                tunnel.decapsulated.recent > 0, tunnel.peers.contains(where: { $0.allowed == nil })
            else { return [] }
            let evidence = "IpExt InNoRoutes: \(growth.saying("packets for which there is no route", host))"
            return [
                finding(.broken, [evidence], next: "ip route add the sources' prefix dev \(tunnel.device ?? "DEVICE")")
            ]
        }
    }
}
