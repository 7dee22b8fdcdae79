// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The peer sends to another address of this host than packets to it come from.
package enum PeerOtherAddress: PeerCheck {
    package static let id = "peer.address"
    package static let why = "the peer knows this host by one outer address, and drops what comes from another one"
    package static let legs: Set<PeerProbe.Leg> = [.address]

    package static func fix(_ probe: PeerProbe) -> String? {
        guard let wanted = probe.otherLocals.sorted().first, let route = probe.route else { return nil }
        return "ip route replace \(probe.endpoint)/32 \(route) src \(wanted)"
    }

    package static func next(_ probe: PeerProbe) -> String? {
        guard let wanted = probe.otherLocals.sorted().first else { return nil }
        let local = probe.local.map { "\($0)" } ?? "the address that is used here"
        return "for good: Local = \(wanted) here, or \(local) as the peer's address of this host there"
    }
}
