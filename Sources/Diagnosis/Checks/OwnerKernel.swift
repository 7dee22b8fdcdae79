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
        let rivals = links.filter { link in link.isUp && host.tunnels.contains { takes(link, $0) } }
        if !rivals.isEmpty {
            return rivals.map { link in
                finding(.broken, [describe(link)] + hint(link), fix: "ip link set dev \(link.name) down")
            }
        }
        let loaded = host.surroundings.modules
        if loaded.contains("tunnel4") || !links.isEmpty {
            let evidence = links.map(describe) + (loaded.isEmpty ? [] : ["modules: \(loaded.joined(separator: ", "))"])
            let text = "it answers what peers send to us with ICMP port unreachable"
            return [finding(.warning, evidence + [text], fix: removal(loaded))]
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

    private static func removal(_ modules: [String]) -> String? {
        let removable = ["ipip", "sit", "xfrm4_tunnel", "tunnel4"].filter(modules.contains)
        return removable.isEmpty ? nil : "modprobe -r \(removable.joined(separator: " "))"
    }
}
