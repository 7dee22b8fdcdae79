// SPDX-License-Identifier: Apache-2.0

/// A checked view of the IPv4 packet at the start of borrowed bytes (RFC 791 §3.1).
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-------+-------+---------------+-------------------------------+
/// |version|  IHL  | traffic class |         total length          |
/// +-------+-------+---------------+-----+-------------------------+
/// |        identification         |flags|    fragment offset      |
/// +---------------+---------------+-----+-------------------------+
/// |      TTL      |   protocol    |        header checksum        |
/// +---------------+---------------+-------------------------------+
/// |                            source                             |
/// |                          destination                          |
/// |                    options (IHL > 5 only)                     |
/// +---------------------------------------------------------------+
/// ```
/// Lengths are validated once, in `init`; after that no accessor can fail. Values are not judged: a TTL of 0 or a wrong
/// checksum is a fact here, and a reason to drop only for the rules.
public struct IPv4Packet: ~Escapable {
    /// The whole packet, header and payload, exactly `totalLength` octets: what follows it in the buffer is cut off.
    public let bytes: RawSpan
    /// Octets before the payload: 20 to 60.
    public let headerLength: Int

    /// Where the fields stand, in octets from the start.
    enum Field {
        static let versionAndIHL = 0
        static let trafficClass = 1
        static let totalLength = 2
        static let identification = 4
        static let fragment = 6
        static let ttl = 8
        static let protocolNumber = 9
        static let checksum = 10
        static let source = 12
        static let destination = 16
    }

    /// The shortest header: no options.
    public static let minimumHeaderLength = 20
    /// The longest packet that the total length can express.
    public static let maximumLength = 65_535

    /// Why bytes are not an IPv4 packet.
    public enum Malformed: Error, Equatable, Sendable {
        /// Fewer than 20 octets, or fewer than the header says it has.
        case truncatedHeader
        /// The version nibble is this, not 4.
        case version(UInt8)
        /// IHL below 5.
        case headerLength
        /// The total length is less than the header, or more than the bytes there are.
        case totalLength
    }

    /// Checks version, header length and total length against the bytes there are.
    /// - Throws: the first ``Malformed`` that is found, in the order of the fields.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(Malformed) {
        guard bytes.byteCount > 0 else { throw .truncatedHeader }
        let first = bytes.octet(at: Field.versionAndIHL)
        guard first >> 4 == 4 else { throw .version(first >> 4) }
        guard bytes.byteCount >= IPv4Packet.minimumHeaderLength else { throw .truncatedHeader }
        let headerLength = Int(first & 0xf) * 4
        guard headerLength >= IPv4Packet.minimumHeaderLength else { throw .headerLength }
        guard headerLength <= bytes.byteCount else { throw .truncatedHeader }
        let totalLength = Int(bytes.uint16(at: Field.totalLength))
        guard totalLength >= headerLength, totalLength <= bytes.byteCount else { throw .totalLength }
        self.bytes = bytes.extracting(first: totalLength)
        self.headerLength = headerLength
    }

    /// Looks at bytes whose header has been checked already.
    @_lifetime(copy bytes)
    init(checked bytes: RawSpan, headerLength: Int) {
        self.bytes = bytes
        self.headerLength = headerLength
    }
}

extension IPv4Packet {
    /// Header and payload, octets.
    public var totalLength: Int { bytes.byteCount }
    /// DSCP and ECN together, the octet once called type of service.
    public var trafficClass: UInt8 { bytes.octet(at: Field.trafficClass) }
    /// The two low bits of the traffic class.
    public var ecn: ECN { ECN(trafficClass: trafficClass) }
    /// What ties fragments together.
    public var identification: UInt16 { bytes.uint16(at: Field.identification) }
    /// The DF flag.
    public var dontFragment: Bool { bytes.uint16(at: Field.fragment) & 0x4000 != 0 }
    /// The MF flag.
    public var moreFragments: Bool { bytes.uint16(at: Field.fragment) & 0x2000 != 0 }
    /// Where this fragment's payload belongs, in octets.
    public var fragmentOffset: Int { Int(bytes.uint16(at: Field.fragment) & 0x1fff) * 8 }
    /// Whether this is a part of a packet.
    public var isFragment: Bool { bytes.uint16(at: Field.fragment) & 0x3fff != 0 }
    /// Time to live, 0 included: a packet may arrive with anything.
    public var ttl: UInt8 { bytes.octet(at: Field.ttl) }
    /// What the payload is.
    public var protocolNumber: IPProtocol { IPProtocol(rawValue: bytes.octet(at: Field.protocolNumber)) }
    /// The checksum field as it stands.
    public var headerChecksum: UInt16 { bytes.uint16(at: Field.checksum) }
    /// Who says to have sent it.
    public var source: IPv4Address { IPv4Address(rawValue: bytes.uint32(at: Field.source)) }
    /// Whom it is for.
    public var destination: IPv4Address { IPv4Address(rawValue: bytes.uint32(at: Field.destination)) }
    /// Where the payload stands in ``bytes``.
    public var payloadRange: Range<Int> { headerLength..<bytes.byteCount }

    /// The octets after the header.
    public var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(payloadRange) }
    }

    /// Whether the header sums to its checksum (RFC 1071).
    public var hasValidHeaderChecksum: Bool {
        var checksum = Checksum()
        checksum.add(bytes.extracting(first: headerLength))
        return checksum.value == 0
    }
}
