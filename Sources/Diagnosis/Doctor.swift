// SPDX-License-Identifier: Apache-2.0

/// All checks, and their findings together.
package enum Doctor {
    /// In the order in which they are printed when nothing is wrong; where several are broken, the earlier is the cause.
    package static let checks: [any Check.Type] = [
        // What has to be there at all.
        TUNMissing.self, CapabilityMissing.self, DeviceDown.self, TunnelUp.self, LeftOversStale.self,
        RulesMissing.self, ChangesMissing.self, KillSwitchLayers.self, KillSwitchStands.self, KillSwitchPast.self,
        // The way of outer packets.
        AddressLocal.self, PeerLocal.self, PeerUnresolved.self, RouteUnderlay.self, UnderlayVRF.self, RouteLoop.self,
        RouteNested.self, MarkForeign.self, ReversePathUnderlay.self, ICMPErrors.self, OwnerTwice.self, Strangers.self,
        // What this host's filter and its other programs do to packets.
        NetfilterProtocol94.self, NetfilterPrerouting.self, NetfilterInput.self, NetfilterOutput.self,
        NetfilterPostrouting.self, NetfilterForward.self, NATSource.self, NATUnderlay.self, IPsecPolicies.self,
        OwnerKernel.self,
        OwnerForeign.self, MartianLogged.self, KernelDropped.self,
        PeerUnreachable.self, PeerFiltered.self, PeerAbsent.self, PeerKernel.self, PeerOtherAddress.self,
        PeerSilent.self,
        PeerInner.self, PeerBeside.self, MTUPath.self,
        // The way of inner packets.
        RouteInner.self, ReversePathTunnel.self, RouteReturn.self, ForwardingOff.self, ProxyMissing.self,
        RedirectsSent.self,
        // What is wrong with packets.
        OuterChecksum.self, InnerChecksum.self, SourceOwn.self, InnerSource.self, IPv6Inside.self,
        ReassemblyFailed.self, MTUDevice.self,
        // What is lost on the way through this host, and what else is worth knowing.
        ReceiveOverflow.self, QueueOverflow.self, SegmentsMerged.self, PostureOpen.self,
    ]

    /// Judges each tunnel by itself, so that a fault of one explains nothing of another. The worst stand first, and
    /// consequences of what is broken are warnings.
    package static func examine(_ host: HostSnapshot, _ checks: [any Check.Type] = checks) -> [Finding] {
        guard host.tunnels.count > 1 else { return sorted(judge(host, host.tunnels.first?.name, checks)) }
        var findings: [Finding] = []
        for tunnel in host.tunnels {
            for finding in judge(host.about(tunnel), tunnel.name, checks) {
                // What is so of the host as a whole is found once for each tunnel.
                if let same = findings.firstIndex(where: { $0.saysTheSame(as: finding) }) {
                    findings[same].tunnel = nil
                } else {
                    findings.append(finding)
                }
            }
        }
        return sorted(findings)
    }

    private static func judge(_ host: HostSnapshot, _ tunnel: String?, _ checks: [any Check.Type]) -> [Finding] {
        var findings = checks.flatMap { $0.judge(host) }
        let broken = Set(findings.filter { $0.verdict == .broken }.map(\.id))
        let causes = Dictionary(checks.map { ($0.id, $0.causes) }, uniquingKeysWith: { first, _ in first })
        let blind = host.tunnels.first?.blindness
        for index in findings.indices {
            findings[index].tunnel = tunnel
            if let namespace = host.tunnels.first?.namespace, ofDevice.contains(findings[index].id) {
                findings[index].fix = findings[index].fix.map { inside($0, namespace) }
            }
            // Of a tunnel that does not answer nothing is known that could be judged.
            if let blind, findings[index].verdict == .ok, !hostWide.contains(findings[index].id) {
                (findings[index].verdict, findings[index].evidence) = (.unknown, [blind])
            }
            guard [.broken, .warning].contains(findings[index].verdict),
                let cause = causes[findings[index].id, default: []].first(where: broken.contains)
            else { continue }
            findings[index].verdict = .warning
            findings[index].evidence.append("a consequence of \(cause)")
        }
        return findings
    }

    /// Checks about the device, whose commands belong where it is.
    private static let ofDevice: Set<String> = [
        DeviceDown.id, ChangesMissing.id, RulesMissing.id, KillSwitchLayers.id, RouteInner.id, RouteReturn.id,
        ReversePathTunnel.id, ForwardingOff.id,
        ProxyMissing.id, RedirectsSent.id, MTUDevice.id, MTUPath.id, IPv6Inside.id,
    ]

    /// The same command for another network namespace; `iptund` finds the device by itself.
    private static func inside(_ command: String, _ namespace: String) -> String {
        command.split(separator: " && ").map { part in
            part.hasPrefix("iptund ") ? String(part) : "ip netns exec \(namespace) \(part)"
        }.joined(separator: " && ")
    }

    /// Checks of the host alone, which need nothing of a tunnel.
    private static let hostWide: Set<String> = [
        TUNMissing.id, CapabilityMissing.id, LeftOversStale.id, KillSwitchStands.id, OwnerForeign.id, MartianLogged.id,
    ]

    private static func sorted(_ findings: [Finding]) -> [Finding] {
        let order: [Verdict] = [.broken, .warning, .unknown, .info, .ok]
        return order.flatMap { verdict in findings.filter { $0.verdict == verdict } }
    }
}

extension Finding {
    /// Whether another tunnel has the very same finding.
    fileprivate func saysTheSame(as other: Finding) -> Bool {
        (id, verdict, fix, next) == (other.id, other.verdict, other.fix, other.next) && evidence == other.evidence
    }
}

extension TunnelSnapshot {
    /// Why nothing is known of the tunnel; `nil` when it answers, or does not run.
    fileprivate var blindness: String? {
        switch standing {
        case .hidden(let why), .silent(let why): "tunnel \(name) does not answer: \(why)"
        case .running, .failed, .down: nil
        }
    }
}

extension HostSnapshot {
    /// The same host, looked at for the sake of one of its tunnels.
    fileprivate func about(_ tunnel: TunnelSnapshot) -> HostSnapshot {
        var host = self
        host.tunnels = [tunnel]
        host.others += tunnels.filter { $0.name != tunnel.name }
        host.probes = probes.filter { $0.tunnel == tunnel.name }
        return host
    }
}
