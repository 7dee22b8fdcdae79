// SPDX-License-Identifier: Apache-2.0

/// Whether a host that forwards for the tunnel tells its neighbours of "shorter" ways around it.
package enum RedirectsSent: Check {
    package static let id = "redirects.sent"
    package static let why = "an ICMP redirect leads hosts of the network past the tunnel"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, tunnel.forwarding == .asked else { return [] }
            let network = host.inside(tunnel)
            let devices = [tunnel.device, tunnel.proxy?.device].compactMap(\.self)
            guard let talking = devices.first(where: { network.effective(.sendRedirects, $0) == 1 }) else { return [] }
            let isCommon = network.common.value?[LinkSnapshot.Setting.sendRedirects.rawValue] == 1
            return [
                finding(
                    .warning, [network.saying(.sendRedirects, talking), network.saying(.sendRedirects)],
                    fix: "sysctl -w \(LinkSnapshot.Setting.sendRedirects.key(of: isCommon ? "all" : talking))=0")
            ]
        }
    }
}
