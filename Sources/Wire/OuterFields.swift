// SPDX-License-Identifier: Apache-2.0

/// What the rules decide about the outer packet, whatever header carries it.
///
/// A value of this type is always a packet that may be sent: TTL 0, or DF together with an identification of its own,
/// cannot be written down.
public struct OuterFields: Equatable, Sendable {
    /// Our own address, which the peer knows us by.
    public var source: IPv4Address
    /// The peer.
    public var destination: IPv4Address
    /// DSCP and ECN.
    public var trafficClass: UInt8
    /// How far the outer packet may travel.
    public var ttl: TTL
    /// Whether routers may fragment it.
    public var fragmentation: Fragmentation

    /// Whether routers may fragment the outer packet, and what its identification is then good for.
    public enum Fragmentation: Equatable, Sendable {
        /// DF set. The packet is atomic, so its identification means nothing and is 0 (RFC 6864 §4.1).
        case forbidden
        /// DF clear. The identification must be unique for as long as a fragment may live (RFC 6864 §4.3): the sink counts.
        case allowed
    }

    /// Names every field.
    public init(
        source: IPv4Address, destination: IPv4Address, trafficClass: UInt8, ttl: TTL, fragmentation: Fragmentation
    ) {
        self.source = source
        self.destination = destination
        self.trafficClass = trafficClass
        self.ttl = ttl
        self.fragmentation = fragmentation
    }
}
