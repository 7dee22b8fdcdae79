// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// An MTU hole: packets that are long vanish on the way, and no ICMP error says so.
package enum MTUPath: Check {
    package static let id = "mtu.path"
    package static let why =
        "connections open and then hang: small packets pass, long ones vanish, and nobody tells the sender"
    package static let causes = ["mtu.device"] + localCauses

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let sizes = host.probes.compactMap { probe in probe.size.map { (probe, $0) } }.filter { $0.1.largest > 0 }
        let findings = sizes.filter { $0.1.largest < $0.1.limit }.map { probe, size in
            let evidence = [
                "peer: \(probe.peer) at \(probe.endpoint)", "MTU of the device = \(size.limit)",
                "longest inner packet that is answered = \(size.largest)",
                "MTU that ICMP errors named = \(size.told.map(String.init) ?? "none")",
            ]
            guard size.isHole else {
                return finding(.info, evidence, why: "longer packets are refused with an ICMP error, so senders adapt")
            }
            let device = host.tunnels.first { $0.name == probe.tunnel }?.device ?? probe.tunnel ?? "DEVICE"
            return finding(.broken, evidence, fix: "ip link set dev \(device) mtu \(size.largest)")
        }
        if !findings.isEmpty { return findings }
        // Without an answer to a short packet long ones were not tried.
        return sizes.isEmpty && !host.tunnels.filter(\.isRunning).isEmpty ? [] : [finding(.ok)]
    }
}
