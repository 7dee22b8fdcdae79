// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The peer has its end of the tunnel, and what is asked is lost inside of it, or on this host.
package enum PeerInner: PeerCheck {
    package static let id = "peer.inner"
    package static let why = "the tunnel is up at both ends, and each takes only the inner sources that it knows"
    package static let legs: Set<PeerProbe.Leg> = [.inside, .back, .here]

    package static func reason(_ probe: PeerProbe) -> String {
        switch probe.leg {
        case .here:
            return "this host sends nothing to the peer: its kernel refuses the packets, or the tunnel drops them"
        case .back: return "answers arrive, and are lost on this host"
        case .inside where !probe.innerReports.isEmpty:
            return "the tunnel works in both directions, and behind the peer nothing answers at this address"
        case .inside where !hasTakenOthers(probe):
            return
                "the peer sends packets, and does not answer: what is sent to it may be lost on the way, or it drops ICMP "
                + "echo, or this inner source"
        default: return why
        }
    }

    package static func fix(_ probe: PeerProbe) -> String? { nil }

    package static func next(_ probe: PeerProbe) -> String? {
        switch probe.leg {
        case .inside:
            guard let source = probe.source, hasTakenOthers(probe) else {
                let look = "on \(probe.endpoint), to see whether packets arrive: tcpdump -ni any ip proto 4"
                return probe.innerReports.isEmpty ? look : nil
            }
            return "on \(probe.endpoint): AllowedIPs of this host have to hold \(source)"
        case .back where probe.receivedDrops["inner-source"] != nil:
            return probe.target.map { "here: AllowedIPs of \(probe.peer) have to hold \($0.address)" }
        default: return nil
        }
    }

    private static func hasTakenOthers(_ probe: PeerProbe) -> Bool {
        probe.otherSources.contains { $0.attempt.isAnswered }
    }

    /// A target that did not answer may be no host at all, or one that answers no echo.
    package static func verdict(_ probe: PeerProbe) -> Verdict {
        switch probe.leg {
        case .inside: hasTakenOthers(probe) ? .broken : .warning
        case .back: probe.isTargetCertain ? .broken : .warning
        default: .broken
        }
    }
}
