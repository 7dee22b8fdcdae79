// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Nothing at all comes back through the tunnel, not even an ICMP error.
package enum PeerSilent: PeerCheck {
    package static let id = "peer.silent"
    package static let why =
        "protocol 4 is dropped silently: by a firewall on the way or at the peer, by a cloud that passes TCP, UDP and ICMP "
        + "only, or by a tunnel there that is stopped or does not know this host"
    package static let legs: Set<PeerProbe.Leg> = [.silent]

    package static func reason(_ probe: PeerProbe) -> String {
        if probe.wasHeardLately {
            return "the peer sent packets a moment ago: the address that was asked may be no host's, or answers no echo"
        }
        guard probe.outer.sent > 0, !probe.outer.isAnswered else { return why }
        return "nothing comes back, through the tunnel or beside it: the peer may be down, or drop everything"
    }

    package static func fix(_ probe: PeerProbe) -> String? { nil }

    package static func next(_ probe: PeerProbe) -> String? {
        "on \(probe.endpoint), to see whether packets arrive: tcpdump -ni any ip proto 4"
    }

    /// Where no host is known to answer, silence proves little; before there is a tunnel it is what a good peer does.
    package static func verdict(_ probe: PeerProbe) -> Verdict {
        guard probe.tunnel != nil else { return probe.outer.isAnswered ? .ok : .warning }
        return probe.isTargetCertain && !probe.wasHeardLately ? .broken : probe.target == nil ? .unknown : .warning
    }
}
