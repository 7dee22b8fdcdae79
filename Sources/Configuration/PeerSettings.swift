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

    /// A peer at `endpoint`.
    package init(name: String? = nil, endpoint: PeerAddress, allowed: [Prefix]? = nil) {
        self.name = name
        self.endpoint = endpoint
        self.allowed = allowed
    }
}
