// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The peer's host refuses protocol 4 with ICMP port unreachable (3/3).
package enum PeerKernel: PeerCheck {
    package static let id = "peer.kernel"
    package static let why =
        "the peer refuses protocol 4: a firewall's REJECT says so by default, and so does a kernel with tunnel code "
        + "(ipip, sit) that has no tunnel for this host's address"
    package static let legs: Set<PeerProbe.Leg> = [.endpoint]

    package static func fix(_ probe: PeerProbe) -> String? { nil }

    package static func next(_ probe: PeerProbe) -> String? {
        let local = probe.local.map(\.description) ?? "OUR-ADDRESS"
        return "on \(probe.endpoint): nft list ruleset; iptables-save, to find a reject rule; else ip -d tunnel show: "
            + "is one of its tunnels for remote \(local) and up?"
    }

    /// Before there is a tunnel here, the peer's may be the next one to be set up.
    package static func verdict(_ probe: PeerProbe) -> Verdict { probe.tunnel == nil ? .info : .broken }
}
