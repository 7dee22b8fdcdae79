// SPDX-License-Identifier: Apache-2.0

public import Wire

/// The other end of a tunnel: there is no client and no server, only two of these.
public struct Peer: Equatable, Sendable {
    /// What people call it; `nil` when they gave no name.
    public var name: String?
    /// The outer address that packets are sent to and accepted from.
    public var endpoint: IPv4Address
    /// Our outer address, the source of what is sent.
    public var local: IPv4Address
    /// Which of our addresses the peer may send to.
    public var acceptance: Acceptance
    /// What is sent to the peer, and the only inner sources that are taken from it.
    public var allowed: [Prefix]

    /// Which of our addresses a peer may send to.
    public enum Acceptance: Equatable, Sendable {
        /// Every address of this host: `local` was chosen by the routing table.
        case anyAddress
        /// Only `local`: somebody named it.
        case localOnly
    }

    /// A peer that anything may be sent to and taken from, unless `allowed` says otherwise.
    public init(
        name: String? = nil, endpoint: IPv4Address, local: IPv4Address, acceptance: Acceptance = .anyAddress,
        allowed: [Prefix] = [.all]
    ) {
        self.name = name
        self.endpoint = endpoint
        self.local = local
        self.acceptance = acceptance
        self.allowed = allowed
    }
}
