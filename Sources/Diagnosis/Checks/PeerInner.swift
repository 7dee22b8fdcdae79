// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The peer has its end of the tunnel, and what is asked is lost inside of it, or its answer on this host.
package enum PeerInner: PeerCheck {
    package static let id = "peer.inner"
    package static let why = "the tunnel stands, but the peer takes only inner sources that it knows, and so do we"
    package static let legs: Set<PeerProbe.Leg> = [.inside, .back, .here]

    package static func fix(_ probe: PeerProbe) -> String? {
        switch probe.leg {
        case .inside:
            guard let source = probe.source, !probe.hairpin.isAnswered else { return nil }
            return "on \(probe.endpoint): let AllowedIPs of this host hold \(source), then iptund reload"
        case .back where probe.receivedDrops["inner-source"] != nil:
            return probe.target.map { "let AllowedIPs of \(probe.peer) hold \($0.address), then iptund reload" }
        default: return nil
        }
    }

    /// What did not answer may be a host that is not there.
    package static func verdict(_ probe: PeerProbe) -> Verdict {
        switch probe.leg {
        case .inside:
            probe.isTargetCertain || probe.otherSources.contains { $0.attempt.isAnswered } ? .broken : .unknown
        case .back: probe.isTargetCertain ? .broken : .warning
        default: .warning
        }
    }
}
