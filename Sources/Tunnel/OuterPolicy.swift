// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What the outer header says beside the two addresses (RFC 2003 §3.1).
public struct OuterPolicy: Equatable, Sendable {
    /// Which TTL.
    public var ttl = TTLPolicy.fixed(.standard)
    /// Whether routers may fragment the outer packet.
    public var fragmentation = FragmentationPolicy.set
    /// Which DSCP.
    public var dscp = DSCPPolicy.inherit
    /// Which ECN.
    public var ecn = ECNPolicy.normal

    /// The defaults.
    public init() {}

    /// Which TTL the outer header gets.
    public enum TTLPolicy: Equatable, Sendable {
        /// Always this one: the tunnel is one hop, however long the way.
        case fixed(TTL)
        /// The inner packet's: loops die sooner, and the way becomes visible.
        case inherit
    }

    /// Whether the outer header has DF set (RFC 2003 §3.1, §5.1).
    public enum FragmentationPolicy: String, CaseIterable, Sendable {
        /// Always. What does not fit is cut before it is wrapped, or its sender is told: the peer never reassembles.
        case set
        /// Where the inner header has it. What does not fit and may be cut is cut after it was wrapped.
        case copy
        /// Never, whatever the inner header says: a way out where ICMP is filtered. What does not fit is cut after it was
        /// wrapped, and fragments that are mixed up at high speed go unnoticed (RFC 4963).
        case clear
    }

    /// Which DSCP the outer header gets (RFC 2983 §4.1).
    public enum DSCPPolicy: Equatable, Sendable {
        /// The inner packet's.
        case inherit
        /// Always this one, 0 to 63.
        case fixed(UInt8)
    }

    /// Which ECN the outer header gets (RFC 6040 §4.1).
    public enum ECNPolicy: String, CaseIterable, Sendable {
        /// The inner packet's.
        case normal
        /// Not-ECT, for a peer that does not hand on what routers mark.
        case compatible
    }
}

extension OuterPolicy {
    /// The outer traffic class for an inner one.
    func trafficClass(for inner: UInt8) -> UInt8 {
        let codepoint =
            switch dscp {
            case .inherit: inner >> 2
            case .fixed(let value): value & 0x3f
            }
        let ecn = ecn == .normal ? ECN(trafficClass: inner).encapsulated : .notECT
        return codepoint << 2 | ecn.rawValue
    }

    /// The outer TTL for an inner one.
    func ttl(for inner: TTL) -> TTL {
        switch ttl {
        case .fixed(let value): value
        case .inherit: inner
        }
    }

    /// Whether routers may fragment the outer packet around an inner one with or without DF.
    func fragmentation(dontFragment: Bool) -> OuterFields.Fragmentation {
        switch fragmentation {
        case .set: .forbidden
        case .copy: dontFragment ? .forbidden : .allowed
        case .clear: .allowed
        }
    }
}
