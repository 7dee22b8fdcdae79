// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The outer path: the peer's outer address cannot be reached by anything.
package enum PeerUnreachable: PeerCheck {
    package static let id = "peer.unreachable"
    package static let why = "a tunnel is as good as the network below it, and that does not reach the peer"
    package static let legs: Set<PeerProbe.Leg> = [.underlay]

    package static func reason(_ probe: PeerProbe) -> String {
        let isExpired = probe.report(for: .underlay)?.type == 11
        return isExpired
            ? "the TTL of outer packets runs out on the way: it is too low, or routers send them in a circle" : why
    }

    package static func fix(_ probe: PeerProbe) -> String? { nil }
    package static func next(_ probe: PeerProbe) -> String? {
        if let hop = probe.silentNextHop { return "is \(hop) there, and on that link? ip neigh show \(hop)" }
        return "traceroute -n \(probe.endpoint)"
    }
}
