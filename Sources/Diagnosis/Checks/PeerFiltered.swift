// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// A firewall on the way says that it forbids protocol 4.
package enum PeerFiltered: PeerCheck {
    package static let id = "peer.filtered"
    package static let why = "a firewall refuses IP protocol 4; rules for \"ipip\" often mean 94, which nobody sends"
    package static let legs: Set<PeerProbe.Leg> = [.filtered]

    package static func fix(_ probe: PeerProbe) -> String? { nil }

    package static func next(_ probe: PeerProbe) -> String? {
        guard let firewall = probe.report(for: .filtered)?.offender else { return nil }
        let peers = probe.local.map { "between \($0) and \(probe.endpoint)" } ?? "to and from \(probe.endpoint)"
        return "on \(firewall): accept IP protocol 4 (ipencap, not ipip) \(peers), in both directions"
    }
}
