// SPDX-License-Identifier: Apache-2.0

/// Whether this host forwards where it has to.
package enum ForwardingOff: Check {
    package static let id = "forwarding.off"
    package static let why = "without forwarding, packets for other hosts are dropped, and proxy ARP does not answer"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, let device = tunnel.device else { return [] }
            let network = host.inside(tunnel)
            let others = [tunnel.proxy?.device].compactMap(\.self) + tunnel.forwardDevices
            let devices = [device] + others.filter { $0 != device }
            let off = devices.filter { network.effective(.forwarding, $0) == 0 }
            guard !off.isEmpty else { return [] }
            var evidence = off.map { network.saying(.forwarding, $0) }
            let dying = network.counter("Ip.InAddrErrors") ?? Growth()
            // With Forward, packets dropped on any device count; without it, only those that came out of the tunnel.
            let isSeen = dying.recent > 0 && (tunnel.decapsulated.recent > 0 || tunnel.forwarding == .asked)
            if isSeen { evidence.append("Ip InAddrErrors: \(dying.saying("packets for others", host))") }
            guard tunnel.forwarding == .asked || isSeen else { return [] }
            let settings = off.map { "\(LinkSnapshot.Setting.forwarding.key(of: $0))=1" }
            let command = "sysctl -w \(settings.joined(separator: " "))"
            // Of all devices, one that came after the tunnel need not be meant, as long as nothing wants to pass.
            let isMeant = tunnel.isForwardingNamed || off.contains(device) || isSeen
            if tunnel.forwarding == .asked { return [finding(isMeant ? .broken : .info, evidence, fix: command)] }
            // A few may be anything: a misrouted packet, a neighbour's probe. A flow through the tunnel wants a router.
            let isFlow = dying.recent >= 8 && tunnel.decapsulated.recent >= dying.recent
            return [finding(isFlow ? .warning : .info, evidence, next: "if this host is to be a router: \(command)")]
        }
    }
}
