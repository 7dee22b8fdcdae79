// SPDX-License-Identifier: Apache-2.0

/// All checks, and what they come to together.
package enum Doctor {
    /// In the order in which they are printed when nothing is wrong; where several are broken, the earlier is the cause.
    package static let checks: [any Check.Type] = [
        // What has to be there at all.
        TUNMissing.self, CapabilityMissing.self, TunnelUp.self, LeftOversStale.self,
        // The way of outer packets.
        AddressLocal.self, PeerLocal.self, PeerUnresolved.self, RouteUnderlay.self, RouteLoop.self,
        ReversePathUnderlay.self, ICMPErrors.self, OwnerTwice.self, Strangers.self,
        // What this host's filter and its other programs do to packets.
        NetfilterProtocol94.self, NetfilterPrerouting.self, NetfilterInput.self, NetfilterOutput.self,
        NetfilterPostrouting.self, NetfilterForward.self, NATSource.self, NATUnderlay.self, IPsecPolicies.self,
        OwnerKernel.self,
        OwnerForeign.self, MartianLogged.self, KernelDropped.self,
        PeerUnreachable.self, PeerFiltered.self, PeerAbsent.self, PeerKernel.self, PeerSilent.self, PeerInner.self,
        MTUPath.self,
        // The way of inner packets.
        RouteInner.self, ReversePathTunnel.self, RouteReturn.self, ForwardingOff.self, ProxyMissing.self,
        RedirectsSent.self,
        // What is wrong with packets.
        OuterChecksum.self, InnerChecksum.self, SourceOwn.self, InnerSource.self, IPv6Inside.self,
        ReassemblyFailed.self, MTUDevice.self,
        // What is lost on the way through this host, and what else is worth knowing.
        ReceiveOverflow.self, QueueOverflow.self, SegmentsMerged.self, PostureOpen.self,
    ]

    /// Judges everything. The worst stand first, and consequences of what is broken are warnings.
    package static func examine(_ host: HostSnapshot, _ checks: [any Check.Type] = checks) -> [Finding] {
        var findings = checks.flatMap { $0.judge(host) }
        let broken = Set(findings.filter { $0.verdict == .broken }.map(\.id))
        let causes = Dictionary(checks.map { ($0.id, $0.causes) }, uniquingKeysWith: { first, _ in first })
        for index in findings.indices where findings[index].verdict == .broken {
            guard let cause = causes[findings[index].id, default: []].first(where: broken.contains) else { continue }
            findings[index].verdict = .warning
            findings[index].evidence.append("a consequence of \(cause)")
        }
        let order: [Verdict] = [.broken, .warning, .unknown, .info, .ok]
        return order.flatMap { verdict in findings.filter { $0.verdict == verdict } }
    }
}
