// SPDX-License-Identifier: Apache-2.0

public import Wire

/// The other end of a tunnel: there is no client and no server, only two of these.
public struct Peer: Equatable, Sendable {
    /// What people call it; `nil` when they gave no name.
    public var name: String?
    /// The outer address that packets are sent to and accepted from; `nil` while ``host`` has none that is known.
    public var endpoint: IPv4Address?
    /// Further addresses that packets are accepted from: those that ``host`` has beside `endpoint`.
    public var others: [IPv4Address]
    /// The name that the endpoint was given by; `nil` where an address was given.
    public var host: String?
    /// Our outer address, the source of what is sent; `nil` while there is no route to the peer that would tell it.
    public var local: IPv4Address?
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
        name: String? = nil, endpoint: IPv4Address?, others: [IPv4Address] = [], host: String? = nil,
        local: IPv4Address?,
        acceptance: Acceptance = .anyAddress, allowed: [Prefix] = [.all]
    ) {
        self.name = name
        self.endpoint = endpoint
        self.others = others
        self.host = host
        self.local = local
        self.acceptance = acceptance
        self.allowed = allowed
    }

    /// Where the peer is, for people: its address, or else the name that has none yet.
    public var whereabouts: String { endpoint?.description ?? host ?? name ?? "unknown" }
}
