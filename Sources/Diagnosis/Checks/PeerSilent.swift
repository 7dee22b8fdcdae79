// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Nothing at all comes back through the tunnel, not even a word about why.
package enum PeerSilent: PeerCheck {
    package static let id = "peer.silent"
    package static let why =
        "protocol 4 is dropped silently on the way, as many clouds do, or at the peer nobody is able to answer"
    package static let legs: Set<PeerProbe.Leg> = [.silent]

    package static func fix(_ probe: PeerProbe) -> String? {
        "on \(probe.endpoint), to see whether it arrives: tcpdump -ni any ip proto 4"
    }

    /// Where nobody is known to answer, silence proves little; before there is a tunnel it is what a good peer does.
    package static func verdict(_ probe: PeerProbe) -> Verdict {
        guard probe.tunnel != nil else { return probe.outer.isAnswered ? .ok : .warning }
        return probe.isTargetCertain ? .broken : probe.target == nil ? .unknown : .warning
    }
}
