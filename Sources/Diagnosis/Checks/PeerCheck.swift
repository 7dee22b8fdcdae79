// SPDX-License-Identifier: Apache-2.0

/// A check that rests on what was tried to reach peers: each speaks for some of the legs that may fail.
package protocol PeerCheck: Check {
    /// The legs of the way that it speaks for.
    static var legs: Set<PeerProbe.Leg> { get }
    /// What would mend it.
    static func fix(_ probe: PeerProbe) -> String?
    /// How bad it is, when one of the legs fails.
    static func verdict(_ probe: PeerProbe) -> Verdict
}

extension PeerCheck {
    package static func verdict(_ probe: PeerProbe) -> Verdict { .broken }

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let findings = host.probes.filter { legs.contains($0.leg) }.map { probe in
            finding(verdict(probe), ["peer: \(probe.peer) at \(probe.endpoint)"] + probe.evidence, fix: fix(probe))
        }
        return findings.isEmpty ? [finding(.ok)] : findings
    }

    /// What is wrong on this host, so that the peer need not be to blame.
    package static var causes: [String] { localCauses }
}

/// Checks of this host that explain why a peer does not answer.
package let localCauses = [
    "tun.missing", "capability.missing", "tunnel.up", "address.local", "peer.local", "peer.unresolved",
    "route.underlay",
    "route.loop", "route.inner", "route.return", "forwarding.off", "rpfilter.tunnel", "rpfilter.underlay", "source.own",
    "inner.source", "owner.twice", "owner.kernel", "owner.foreign", "netfilter.prerouting",
    "netfilter.input", "netfilter.forward", "netfilter.output", "netfilter.postrouting", "netfilter.protocol94",
    "nat.source", "ipsec.policy", "receive.overflow", "queue.overflow", "inner.checksum", "outer.checksum",
]
