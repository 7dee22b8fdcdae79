// SPDX-License-Identifier: Apache-2.0

/// A check that rests on what was tried to reach peers: each speaks for some of the legs that may fail.
package protocol PeerCheck: Check {
    /// The legs of the way that it speaks for.
    static var legs: Set<PeerProbe.Leg> { get }
    /// The command that would mend it.
    static func fix(_ probe: PeerProbe) -> String?
    /// The next step where no command mends it; `nil` where there is none.
    static func next(_ probe: PeerProbe) -> String?
    /// Why it matters, where that differs by what was seen.
    static func reason(_ probe: PeerProbe) -> String
    /// How bad it is, when one of the legs fails.
    static func verdict(_ probe: PeerProbe) -> Verdict
}

extension PeerCheck {
    package static func verdict(_ probe: PeerProbe) -> Verdict { .broken }
    package static func next(_ probe: PeerProbe) -> String? { nil }
    package static func reason(_ probe: PeerProbe) -> String { why }

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let findings = host.probes.filter { legs.contains($0.leg) }.map { probe in
            finding(
                verdict(probe), ["peer: \(probe.peer) at \(probe.endpoint)"] + probe.evidence, why: reason(probe),
                fix: fix(probe), next: next(probe))
        }
        if !findings.isEmpty { return findings }
        // Of a peer that does not answer only the check that tells why has something to say; the others do not call it well.
        if host.probes.contains(where: { $0.leg != .none && $0.tunnel != nil }) { return [] }
        return untried(host)
    }

    /// Returns the finding where no peer is known to fail: ok only where peers were tried.
    private static func untried(_ host: HostSnapshot) -> [Finding] {
        let reasons = host.tunnels.compactMap { host.untried[$0.name] }
        for case .unable(let why) in reasons { return [finding(.unknown, ["peers were not tried: \(why)"])] }
        // What cannot be tried at all is neither well nor unknown.
        return host.probes.isEmpty && !reasons.isEmpty ? [] : [finding(.ok)]
    }

    /// What is wrong on this host, so that the peer need not be to blame.
    package static var causes: [String] { localCauses }
}

/// Checks of this host that explain why a peer does not answer.
package let localCauses = [
    "tun.missing", "capability.missing", "device.down", "rules.missing", "changes.missing", "address.local",
    "peer.local",
    "peer.unresolved",
    "route.underlay",
    "route.loop", "mark.foreign", "underlay.vrf", "route.inner", "route.return", "forwarding.off", "rpfilter.tunnel",
    "rpfilter.underlay", "source.own",
    "inner.source", "owner.twice", "owner.kernel", "owner.foreign", "netfilter.prerouting",
    "netfilter.input", "netfilter.forward", "netfilter.output", "netfilter.postrouting", "netfilter.protocol94",
    "nat.source", "ipsec.policy", "receive.overflow", "queue.overflow", "inner.checksum", "outer.checksum",
]
