// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The kernel's own IP in IP, which takes the same packets as we do.
package enum OwnerKernel: Check {
    package static let id = "owner.kernel"
    package static let why =
        "the kernel's tunnel gets each packet of protocol 4 too: what both unwrap arrives twice, and what it has no tunnel "
        + "for it refuses to the peer"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard !host.tunnels.isEmpty else { return [finding(.ok)] }
        guard let links = host.surroundings.kernelTunnels.value else {
            if case .hidden(let why) = host.surroundings.kernelTunnels { return [finding(.unknown, [why])] }
            return []
        }
        let rivals = links.filter { link in link.isUp && link.takesIPv4 && host.tunnels.contains { takes(link, $0) } }
        if !rivals.isEmpty {
            return rivals.map { link in
                // A link that something else uses is not ours to switch off.
                let isFree = link.uses.isEmpty && hint(link).isEmpty
                let uses = link.uses.isEmpty ? [] : ["in use: \(link.uses.joined(separator: ", "))"]
                return finding(
                    .broken, [describe(link)] + hint(link) + uses,
                    fix: isFree ? "ip link set dev \(link.name) down" : nil,
                    next: isFree
                        ? nil : "give \(link.name) or the tunnel another pair of outer addresses, or end one of them")
            }
        }
        let loaded = host.surroundings.modules
        if loaded.contains("tunnel4") || links.contains(where: \.takesIPv4) {
            let evidence = links.map(describe) + (loaded.isEmpty ? [] : ["modules: \(loaded.joined(separator: ", "))"])
            let text = "packets of peers may also be answered with ICMP port unreachable, which does no harm"
            return [finding(.info, evidence + [text])]
        }
        return [finding(.ok)]
    }

    /// Whether a link would unwrap what a peer of `tunnel` sends. `sit` takes IPv4 too, unless told otherwise.
    private static func takes(_ link: Surroundings.KernelTunnel, _ tunnel: TunnelSnapshot) -> Bool {
        tunnel.peers.contains { peer in
            let isFrom = link.remote == .unspecified || link.remote == peer.endpoint
            let local = peer.local ?? tunnel.local
            return isFrom && (link.local == .unspecified || local == nil || link.local == local)
        }
    }

    private static func describe(_ link: Surroundings.KernelTunnel) -> String {
        func name(_ address: IPv4Address) -> String { address == .unspecified ? "any" : "\(address)" }
        let state = link.isUp ? "up" : "down"
        return "link \(link.name): \(link.kind), \(state), local \(name(link.local)), remote \(name(link.remote))"
    }

    private static func hint(_ link: Surroundings.KernelTunnel) -> [String] {
        switch link.name {
        case "tunl0": ["tunl0 takes what no other tunnel wants; Calico uses it for IP-in-IP pools"]
        case "cilium_ipip4", "cilium_tunl": ["\(link.name) belongs to Cilium"]
        default: []
        }
    }
}
