// SPDX-License-Identifier: Apache-2.0

package import Tunnel
package import Wire

/// A peer of a tunnel that was asked about.
package struct PeerSnapshot: Sendable {
    /// What people call it: its name, or else what it was given by.
    package var label: String
    /// The host name that it was given by, if it was.
    package var host: String?
    /// Its outer address; `nil` while the name has none.
    package var endpoint: IPv4Address?
    /// Our outer address towards it; `nil` while there is no way.
    package var local: IPv4Address?
    /// What is routed to it and taken from it; `nil` for anything, and no routes.
    package var allowed: [Prefix]?
    /// Why nothing can be sent to it, in the daemon's words, or in the resolver's.
    package var problem: String?
    /// The way of our outer packets; `nil` when there is no address to ask for.
    package var way: RouteAnswer?
    /// The way of other packets to the peer, which its own packets are checked against when they arrive.
    package var plainWay: RouteAnswer?
    /// Where a VRF leads to it and the main table does not.
    package var vrf: Membership?
    /// The command that routes outer packets past the tunnel that they are routed into; `nil` where none is known.
    package var bypass: String?
    /// The longest outer packet that the first link of the way takes, octets; 0 when it is not known.
    package var underlayMTU = 0
    /// The longest that reaches the peer, as far as the daemon has learned; 0 when it is not known.
    package var pathMTU = 0
    /// Where packets to the blocks of `allowed` go, which is also how answers to their sources return.
    package var inner: [InnerWay] = []
    /// Inner packets, from the peer and to it.
    package var received = Growth(), sent = Growth()
    /// Packets from it and to it that were dropped.
    package var drops: [Drop: Growth] = [:]
    /// ICMP errors about outer packets to it, and the last one in words.
    package var errors = Growth()
    package var lastError: String?

    /// A link in a VRF, both by name.
    package struct Membership: Equatable, Sendable {
        package let link: String
        package let vrf: String

        package init(link: String, vrf: String) { (self.link, self.vrf) = (link, vrf) }
    }

    /// Where packets to one of the AllowedIPs go.
    package struct InnerWay: Sendable {
        /// The block.
        package var prefix: Prefix
        /// Some addresses of the block: a longer route may lead one of them elsewhere, and be right.
        package var answers: [RouteAnswer]

        /// What was answered about some addresses of a block.
        package init(_ prefix: Prefix, _ answers: [RouteAnswer]) {
            self.prefix = prefix
            self.answers = answers
        }

        /// Whether the block, as far as was asked, does not go into this device: an answer by a more specific route than the
        /// block's own may be right, and says nothing of the rest.
        package func misses(_ device: String) -> Bool {
            let own = answers.filter { $0.matched.map { $0.length <= prefix.length } ?? true }
            return !own.isEmpty && !own.contains { $0.device == device }
        }
    }

    /// A peer of which no more is known.
    package init(_ label: String, endpoint: IPv4Address? = nil) {
        self.label = label
        self.endpoint = endpoint
    }
}
