// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What the rules need to know about the packet that is carried.
///
/// A plain value, so that the buffer may change once it has been read. IPv4 is the only kind today.
public struct InnerPacket: Equatable, Sendable {
    /// Who says to have sent it.
    public let source: IPv4Address
    /// Whom it is for.
    public let destination: IPv4Address
    /// What it carries.
    public let protocolNumber: IPProtocol
    /// DSCP and ECN.
    public let trafficClass: UInt8
    /// Never 0.
    public let ttl: TTL
    /// Whether it may not be cut.
    public let dontFragment: Bool
    /// Octets before what it carries.
    public let headerLength: Int
    /// Header and payload, octets; what arrived may be longer, by padding.
    public let totalLength: Int

    /// Who gave us the packet, and so what has been verified already.
    public enum Origin: Sendable {
        /// Our own kernel routed it into the device: its header checksum is right.
        case host
        /// It came out of an outer packet: nothing is known about it.
        case peer
    }

    /// Reads the packet at the start of `bytes`.
    /// - Throws: ``Drop/truncated``, ``Drop/notIP``, ``Drop/innerIPv6``, ``Drop/headerLength``, ``Drop/totalLength``,
    ///   ``Drop/ttlZero``, and ``Drop/innerChecksum`` when it is from a peer.
    public init(_ bytes: RawSpan, from origin: Origin) throws(Drop) {
        let view: IPv4Packet
        do throws(IPv4Packet.Malformed) {
            view = try IPv4Packet(bytes)
        } catch {
            throw Drop(error)
        }
        if origin == .peer, !view.hasValidHeaderChecksum { throw .innerChecksum }
        guard let ttl = TTL(rawValue: view.ttl) else { throw .ttlZero }
        source = view.source
        destination = view.destination
        protocolNumber = view.protocolNumber
        trafficClass = view.trafficClass
        self.ttl = ttl
        dontFragment = view.dontFragment
        headerLength = view.headerLength
        totalLength = view.totalLength
    }
}

extension Drop {
    /// Names what is wrong with an inner packet.
    init(_ malformed: IPv4Packet.Malformed) {
        self =
            switch malformed {
            case .truncatedHeader: .truncated
            case .version(6): .innerIPv6
            case .version: .notIP
            case .headerLength: .headerLength
            case .totalLength: .totalLength
            }
    }
}
