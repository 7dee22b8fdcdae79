// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What somebody asked one peer to be.
package struct PeerSettings: Equatable, Sendable {
    /// What people call it, `nil` when they gave no name.
    package var name: String?
    /// The other end.
    package var endpoint: PeerAddress
    /// What is routed to the peer and taken from it, `nil` for "anything, and no routes", which only a single peer can be.
    package var allowed: [Prefix]?
    /// An inner address at the peer that answers ICMP echo requests.
    package var probe: IPv4Address?
    /// Where somebody wrote it down, for complaints; two peers may be equal that were written at different places.
    package var place: Place?

    /// A peer at `endpoint`.
    package init(
        name: String? = nil, endpoint: PeerAddress, allowed: [Prefix]? = nil, probe: IPv4Address? = nil,
        place: Place? = nil
    ) {
        self.name = name
        self.endpoint = endpoint
        self.allowed = allowed
        self.probe = probe
        self.place = place
    }

    package static func == (one: PeerSettings, other: PeerSettings) -> Bool {
        one.name == other.name && one.endpoint == other.endpoint && one.allowed == other.allowed
            && one.probe == other.probe
    }
}
