// SPDX-License-Identifier: Apache-2.0

/// The outer IPv4 header of RFC 2003 §3.1: version 4, no options, protocol 4.
public struct OuterHeader: Equatable, Sendable {
    /// What the rules decided.
    public var fields: OuterFields
    /// What ties fragments together; written only where DF is clear. 0 lets the kernel choose.
    public var identification: UInt16
    /// Where this fragment's payload belongs, octets; a multiple of 8.
    public var fragmentOffset = 0
    /// Whether another fragment follows.
    public var moreFragments = false

    /// What the header adds to each packet, octets.
    public static let length = 20
    /// The longest inner packet that an outer total length can hold.
    public static let maximumPayloadLength = IPv4Packet.maximumLength - length

    /// The header of a whole packet.
    public init(_ fields: OuterFields, identification: UInt16 = 0) {
        self.fields = fields
        self.identification = identification
    }

    /// Writes the 20 octets to the start of `bytes`. Traps when there is less room, or when `payloadLength` is more than
    /// ``maximumPayloadLength``.
    ///
    /// The checksum is left zero: on a socket with IP_HDRINCL the kernel always computes it (raw(7)).
    @_lifetime(bytes: copy bytes)
    public func write(payloadLength: Int, to bytes: inout MutableRawSpan) {
        precondition((0...OuterHeader.maximumPayloadLength).contains(payloadLength))
        let isAtomic = fields.fragmentation == .forbidden
        let flags: UInt16 = (isAtomic ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0)
        bytes.store(0x45 as UInt8, at: IPv4Packet.Field.versionAndIHL)
        bytes.store(fields.trafficClass, at: IPv4Packet.Field.trafficClass)
        bytes.store(UInt16(payloadLength + OuterHeader.length), at: IPv4Packet.Field.totalLength)
        bytes.store(isAtomic ? 0 : identification, at: IPv4Packet.Field.identification)
        bytes.store(flags | UInt16(fragmentOffset / 8), at: IPv4Packet.Field.fragment)
        bytes.store(fields.ttl.rawValue, at: IPv4Packet.Field.ttl)
        bytes.store(IPProtocol.ipip.rawValue, at: IPv4Packet.Field.protocolNumber)
        bytes.store(0 as UInt16, at: IPv4Packet.Field.checksum)
        bytes.store(fields.source.rawValue, at: IPv4Packet.Field.source)
        bytes.store(fields.destination.rawValue, at: IPv4Packet.Field.destination)
    }
}
