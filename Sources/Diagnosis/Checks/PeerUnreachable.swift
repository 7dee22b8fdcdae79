// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The outer path: the peer's outer address cannot be reached by anything.
package enum PeerUnreachable: PeerCheck {
    package static let id = "peer.unreachable"
    package static let why = "a tunnel is as good as the network below it, and that does not reach the peer"
    package static let legs: Set<PeerProbe.Leg> = [.underlay]

    package static func fix(_ probe: PeerProbe) -> String? { nil }
    package static func next(_ probe: PeerProbe) -> String? { "traceroute -n \(probe.endpoint)" }
}
