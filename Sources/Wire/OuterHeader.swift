// SPDX-License-Identifier: Apache-2.0

/// The outer IPv4 header of RFC 2003 §3.1: version 4, no options, protocol 4.
public struct OuterHeader: Equatable, Sendable {
    /// What the rules decided.
    public let fields: OuterFields
    /// Outer and inner packet together, octets.
    public let totalLength: UInt16

    /// What the header adds to each packet, octets.
    public static let length = 20
    /// The longest inner packet that an outer total length can hold.
    public static let maximumPayloadLength = IPv4Packet.maximumLength - length

    /// The header for an inner packet of `payloadLength` octets; `nil` when no IPv4 packet could hold it.
    public init?(_ fields: OuterFields, payloadLength: Int) {
        guard (0...OuterHeader.maximumPayloadLength).contains(payloadLength) else { return nil }
        self.fields = fields
        totalLength = UInt16(payloadLength + OuterHeader.length)
    }

    /// Writes the 20 octets to the start of `bytes`. Traps when there is less room.
    ///
    /// The checksum is left zero: on a socket with IP_HDRINCL the kernel always computes it (raw(7)).
    public func write(to bytes: inout MutableRawSpan) {
        bytes.store(0x45 as UInt8, at: IPv4Packet.Field.versionAndIHL)
        bytes.store(fields.trafficClass, at: IPv4Packet.Field.trafficClass)
        bytes.store(totalLength, at: IPv4Packet.Field.totalLength)
        bytes.store(0 as UInt16, at: IPv4Packet.Field.identification)
        let flags: UInt16 = fields.fragmentation == .forbidden ? 0x4000 : 0
        bytes.store(flags, at: IPv4Packet.Field.fragment)
        bytes.store(fields.ttl.rawValue, at: IPv4Packet.Field.ttl)
        bytes.store(IPProtocol.ipip.rawValue, at: IPv4Packet.Field.protocolNumber)
        bytes.store(0 as UInt16, at: IPv4Packet.Field.checksum)
        bytes.store(fields.source.rawValue, at: IPv4Packet.Field.source)
        bytes.store(fields.destination.rawValue, at: IPv4Packet.Field.destination)
    }
}
