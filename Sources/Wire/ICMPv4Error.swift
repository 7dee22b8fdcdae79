// SPDX-License-Identifier: Apache-2.0

/// An ICMP error that we send: it tells the sender of an inner packet what became of it (RFC 792, RFC 2003 §4).
///
/// ```
/// octet 0      1      2             4                6              8
///       +------+------+-------------+----------------+--------------+-------------------------
///       | type | code |  checksum   |       0        | next-hop MTU | the packet that died ...
///       +------+------+-------------+----------------+--------------+-------------------------
/// ```
public enum ICMPv4Error: Equatable, Sendable {
    /// No router knows a way (3/0).
    case networkUnreachable
    /// The way ends before the host (3/1).
    case hostUnreachable
    /// The packet is longer than `mtu` octets and may not be cut (3/4, RFC 1191 §4).
    case fragmentationNeeded(mtu: UInt16)
    /// An administrator forbids it (3/13, RFC 1812 §5.2.7.1).
    case prohibited

    /// The longest ICMP error, IP header included: what every host takes (RFC 1812 §4.3.2.3).
    public static let maximumLength = 576
    /// Octets before the quote: an IP header and the ICMP header.
    static let headerLength = IPv4Packet.minimumHeaderLength + 8

    private static let destinationUnreachable: UInt8 = 3

    private var code: UInt8 {
        switch self {
        case .networkUnreachable: 0
        case .hostUnreachable: 1
        case .fragmentationNeeded: 4
        case .prohibited: 13
        }
    }

    /// Writes the whole packet about `quote` to the start of `bytes`, and returns its length.
    ///
    /// It goes to the sender of what is quoted, and seems to come from where that was sent to: any other source could fail
    /// the reverse path filter of the device it comes out of (Linux, `iptunnel_pmtud_build_icmp` does so too). Precedence
    /// is that of network control, 0xc0 (RFC 1812 §4.3.2.5). Traps when `bytes` has no room for ``maximumLength`` octets.
    @_lifetime(bytes: copy bytes)
    public func write(about quote: IPv4Quote, to bytes: inout MutableRawSpan) -> Int {
        precondition(bytes.byteCount >= ICMPv4Error.maximumLength)
        let quoted = quote.packet.bytes
        let quotedLength = min(quoted.byteCount, ICMPv4Error.maximumLength - ICMPv4Error.headerLength)
        let length = ICMPv4Error.headerLength + quotedLength
        bytes.store(0x45c0 as UInt16, at: IPv4Packet.Field.versionAndIHL)
        bytes.store(UInt16(length), at: IPv4Packet.Field.totalLength)
        bytes.store(0 as UInt32, at: IPv4Packet.Field.identification)
        bytes.store(TTL.standard.rawValue, at: IPv4Packet.Field.ttl)
        bytes.store(IPProtocol.icmp.rawValue, at: IPv4Packet.Field.protocolNumber)
        bytes.store(quote.packet.destination.rawValue, at: IPv4Packet.Field.source)
        bytes.store(quote.packet.source.rawValue, at: IPv4Packet.Field.destination)
        bytes.rewriteHeaderChecksum(headerLength: IPv4Packet.minimumHeaderLength)

        let start = IPv4Packet.minimumHeaderLength
        var nextHopMTU: UInt16 = 0
        if case .fragmentationNeeded(let mtu) = self { nextHopMTU = mtu }
        bytes.store(ICMPv4Error.destinationUnreachable, at: start)
        bytes.store(code, at: start + 1)
        bytes.store(0 as UInt32, at: start + 2)
        bytes.store(nextHopMTU, at: start + 6)
        bytes.copy(quoted.extracting(first: quotedLength), to: ICMPv4Error.headerLength)
        var checksum = Checksum()
        checksum.add(bytes.bytes.extracting(start..<length))
        bytes.store(checksum.value, at: start + 2)
        return length
    }
}

extension IPv4Packet {
    /// Whether an ICMP error may be sent about this packet (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7).
    ///
    /// Never about an ICMP error, or errors would breed; about the first fragment only; and neither to nor about a group or
    /// anybody who is not a single host.
    public var mayBeAnswered: Bool {
        guard source.isUnicast, destination.isUnicast, fragmentOffset == 0 else { return false }
        guard protocolNumber == .icmp else { return true }
        guard payload.byteCount > 0 else { return false }
        return switch payload.octet(at: 0) {
        // Echo, router discovery, timestamp, information, address mask: all that are no errors (RFC 792, 950, 1256).
        case 0, 8, 9, 10, 13...18: true
        default: false
        }
    }
}
