// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// What IPsec policies make of outer packets: the kernel drops what a policy blocks, or what has not the protection that one
/// wants, and says nothing.
package enum IPsecPolicies: Check {
    package static let id = "ipsec.policy"
    package static let why = "an IPsec policy decides which outer packets leave and arrive, and whether in clear"
    package static let causes = ["address.local", "route.underlay"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard case .known(let policies) = host.ipsecPolicies else {
            if case .hidden(let why) = host.ipsecPolicies { return unknown(why) }
            return []
        }
        guard !policies.isEmpty else { return [finding(.ok)] }
        let findings = of(host.tunnels) { tunnel in
            tunnel.peers.flatMap { peer -> [Finding] in
                guard let endpoint = peer.endpoint, let local = tunnel.local ?? peer.local else { return [] }
                let link = peer.way?.device
                let applied = [
                    policies.first(.outgoing, from: local, to: endpoint, by: link),
                    policies.first(.incoming, from: endpoint, to: local, by: link),
                ]
                let outer = applied.compactMap { $0 }.compactMap { judge($0, tunnel, peer, host) }
                return outer + inner(policies, tunnel, peer)
            }
        }
        return findings
    }

    /// Policies that block what is behind the peer, before it enters the tunnel or after it has left it.
    private static func inner(
        _ policies: [IPsecPolicy], _ tunnel: TunnelSnapshot, _ peer: PeerSnapshot
    ) -> [Finding] {
        guard tunnel.network == nil else { return [] }
        for prefix in (peer.allowed ?? [.all]).prefix(32) {
            guard let policy = policies.blocking(prefix, by: tunnel.device) else { continue }
            let evidence = "tunnel \(tunnel.name): inner packets of \(prefix): \(policy.evidence)"
            return [finding(.broken, [evidence], fix: policy.deletion)]
        }
        return []
    }

    private static func judge(
        _ policy: IPsecPolicy, _ tunnel: TunnelSnapshot, _ peer: PeerSnapshot, _ host: HostSnapshot
    ) -> Finding? {
        var evidence = ["tunnel \(tunnel.name): peer \(peer.label): \(policy.evidence)"]
        if policy.direction == .outgoing, policy.action != .pass, policy.ipProtocol != nil, host.appliesIPsec == false {
            evidence.append("this kernel does not apply it to what iptund sends: outer packets leave in clear")
            return finding(.broken, evidence, next: "a kernel from Linux 6.4 on, or a later one of the same series")
        }
        switch policy.action {
        case .pass: return nil
        case .block: return finding(.broken, evidence, fix: policy.deletion)
        case .protect:
            let lost = counters(policy.direction).compactMap { name in
                host.network.counter(name).flatMap { $0.recent > 0 ? "\(name): \($0.saying("dropped", host))" : nil }
            }
            evidence += lost
            if lost.isEmpty { return finding(.info, evidence) }
            let fix =
                policy.direction == .outgoing
                ? "negotiate a key: 'ip xfrm state' has none for it" : "the peer must protect what it sends"
            return finding(.broken, evidence, next: fix)
        }
    }

    /// What grows when packets have not the protection that a policy wants (Linux, Documentation/networking/xfrm_proc.rst).
    private static func counters(_ direction: IPsecPolicy.Direction) -> [String] {
        switch direction {
        case .outgoing: ["Xfrm.XfrmOutNoStates", "Xfrm.XfrmAcquireError"]
        case .incoming: ["Xfrm.XfrmInTmplMismatch", "Xfrm.XfrmInNoPols"]
        case .forwarded: []
        }
    }
}
