// SPDX-License-Identifier: Apache-2.0

/// The beginning of an IPv4 packet, as an ICMP error quotes it: its header says how long it was, but the end is missing.
///
/// Only the header is certain to be there; RFC 792 adds 8 octets, RFC 1812 §4.3.2.3 as many as fit into 576.
public struct IPv4Quote: ~Escapable {
    /// The header and what is left of the payload, seen as a packet of that length.
    public let packet: IPv4Packet
    /// How long the packet was when it was sent, octets.
    public let originalLength: Int

    /// What a sender needs of its own packet to find out whom it concerns: the header and the two ports (RFC 792).
    public static let usefulPayloadLength = 8

    /// Checks the header at the start of `bytes`; `nil` when it is not there, or is not one of IPv4.
    @_lifetime(copy bytes)
    public init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= IPv4Packet.minimumHeaderLength else { return nil }
        let first = bytes.octet(at: IPv4Packet.Field.versionAndIHL)
        let headerLength = Int(first & 0xf) * 4
        let length = Int(bytes.uint16(at: IPv4Packet.Field.totalLength))
        guard first >> 4 == 4, headerLength >= IPv4Packet.minimumHeaderLength, headerLength <= bytes.byteCount,
            length >= headerLength
        else { return nil }
        packet = IPv4Packet(checked: bytes.extracting(first: min(length, bytes.byteCount)), headerLength: headerLength)
        originalLength = length
    }

    /// Whether the sender could tell from an error about this which of its packets it was.
    public var isUseful: Bool {
        packet.payload.byteCount >= min(IPv4Quote.usefulPayloadLength, originalLength - packet.headerLength)
    }
}
