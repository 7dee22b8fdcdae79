// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What became of one packet of the tunnel, and the packet itself: as it came, and as it went on.
///
/// ```
///  0  length of all of it                 20  octets that went on            30  form
///  4  time, microseconds since 1970       24  octets of the head             31  (unused)
/// 12  peer's place, or 2^32-1             26  of these, not in what went on  32  segment size
/// 16  octets that came                    27  octets of the outer header     34  (unused)
///                                         28  direction                      36  head, outer header, body
///                                         29  drop, or 255
/// ```
/// The head is the beginning of the packet as it came, since rules change it; the body is the packet as the rules left it, or
/// where it was dropped what follows the head. So a packet is written once and seen at both ends.
public struct PacketRecord: Equatable, Sendable {
    /// Microseconds since 1970.
    public var time: UInt64
    /// Which way it went.
    public var direction: Direction
    /// The place of its peer; `nil` when it belonged to none.
    public var peer: PeerIndex?
    /// Why it was dropped; `nil` for a packet that went on.
    public var drop: Drop?
    /// What is to be known to understand its length.
    public var form: Form
    /// As it was read.
    public var came: View
    /// As it was sent or written; `nil` for one that was dropped.
    public var went: View?

    /// What a slot stood for.
    public enum Form: Equatable, Sendable {
        /// One packet.
        case whole
        /// Several packets with that many octets of payload each.
        case superpacket(segmentSize: Int)
        /// It was too long, and went as fragments of the inner packet.
        case innerFragments
        /// It was too long, and went as fragments of the outer packet.
        case outerFragments
    }

    /// A packet, or its beginning.
    public struct View: Equatable, Sendable {
        /// What was kept of it.
        public var octets: [UInt8]
        /// How long it was.
        public var length: Int

        /// That much of a packet that was this long.
        public init(octets: [UInt8], length: Int) {
            self.octets = octets
            self.length = length
        }
    }

    /// Where things stand.
    enum Field {
        static let length = 0
        static let time = 4
        static let peer = 12
        static let came = 16
        static let went = 20
        static let head = 24
        static let stripped = 26
        static let outer = 27
        static let direction = 28
        static let drop = 29
        static let form = 30
        static let segmentSize = 32
    }

    /// Octets before the head.
    static let headerLength = 36
    /// Stands for no drop, and for no peer.
    static let noDrop: UInt8 = .max
    static let noPeer: UInt32 = .max
    /// The longest record: a packet, its head once more, and an outer header.
    static let longest = headerLength + PacketTaps.headLimit + OuterHeader.length + PacketSlot.capacity
}

/// Reading what a data thread wrote.
extension PacketRecord {
    /// How long the record is that begins with `bytes`; `nil` while that cannot be told.
    /// - Throws: ``Malformed`` when no record is that long.
    public static func length(_ bytes: RawSpan) throws(Malformed) -> Int? {
        guard bytes.byteCount >= 4 else { return nil }
        let length = Int(bytes.uint32(at: Field.length))
        guard (headerLength...longest).contains(length) else { throw Malformed() }
        return length
    }

    /// It is no record.
    public struct Malformed: Error, Equatable, Sendable {
        /// There is no more to say: nothing in it can be believed.
        public init() {}
    }

    /// Reads one record, which must be all of `bytes`. Views keep at most `snapLength` octets.
    public init(_ bytes: RawSpan, snapLength: Int) throws(Malformed) {
        guard try PacketRecord.length(bytes) == bytes.byteCount else { throw Malformed() }
        time = UInt64(bytes.uint32(at: Field.time)) << 32 | UInt64(bytes.uint32(at: Field.time + 4))
        direction = bytes.octet(at: Field.direction) == 0 ? .encapsulate : .decapsulate
        let place = bytes.uint32(at: Field.peer)
        peer = place == PacketRecord.noPeer ? nil : PeerIndex(rawValue: place)
        let reason = bytes.octet(at: Field.drop)
        drop = Drop(rawValue: reason)
        guard drop != nil || reason == PacketRecord.noDrop else { throw Malformed() }
        form = try PacketRecord.form(bytes)
        let (head, stripped) = (Int(bytes.uint16(at: Field.head)), Int(bytes.octet(at: Field.stripped)))
        let outer = Int(bytes.octet(at: Field.outer))
        let start = PacketRecord.headerLength + head
        guard stripped <= head, start + outer <= bytes.byteCount else { throw Malformed() }
        let body = bytes.extracting(start + outer..<bytes.byteCount)
        let rest = drop == nil ? body.extracting(min(head - stripped, body.byteCount)..<body.byteCount) : body
        let beginning = bytes.extracting(PacketRecord.headerLength..<start)
        came = View(
            octets: PacketRecord.join(beginning, rest, snapLength), length: Int(bytes.uint32(at: Field.came)))
        guard drop == nil else { return }
        went = View(
            octets: PacketRecord.join(bytes.extracting(start..<start + outer), body, snapLength),
            length: Int(bytes.uint32(at: Field.went)))
    }

    private static func form(_ bytes: RawSpan) throws(Malformed) -> Form {
        switch bytes.octet(at: Field.form) {
        case 0: .whole
        case 1: .superpacket(segmentSize: Int(bytes.uint16(at: Field.segmentSize)))
        case 2: .innerFragments
        case 3: .outerFragments
        default: throw Malformed()
        }
    }

    private static func join(_ first: RawSpan, _ second: RawSpan, _ limit: Int) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(min(limit, first.byteCount + second.byteCount))
        for index in 0..<min(limit, first.byteCount) { octets.append(first.octet(at: index)) }
        for index in 0..<min(limit - octets.count, second.byteCount) { octets.append(second.octet(at: index)) }
        return octets
    }
}
