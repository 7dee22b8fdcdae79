// SPDX-License-Identifier: Apache-2.0

public import Wire

/// Where the packets of one data thread are written down for whoever captures.
public struct Tap: Sendable {
    /// Whom it is for takes from here.
    public let ring: RecordRing
    /// Which packets.
    public let wants: Wants
    /// The most that is kept of a packet, octets.
    public let snapLength: Int

    /// Which packets are written down.
    public enum Wants: Sendable {
        /// All of them.
        case all
        /// Those that are dropped.
        case drops
    }

    /// Room for an outer header with all options, so that it never has to be looked for in two places.
    public static let leastSnapLength = 96

    /// A tap with a ring of its own.
    public init(_ wants: Wants, snapLength: Int, ring: RecordRing) {
        self.wants = wants
        self.ring = ring
        self.snapLength = max(Tap.leastSnapLength, snapLength)
    }
}

/// What a data thread does for those who capture: it notes how packets came, and writes down what became of them.
///
/// While nobody captures that is one test a batch. There is no allocation and no system call for a packet.
public struct PacketTaps: ~Copyable, Sendable {
    private var taps: [Tap] = []
    /// For each slot of a batch, the beginning of its record.
    private var staged: PacketBatch
    private var time: UInt64 = 0

    /// How much of a packet is noted before the rules see it: what they may change lies within three headers of 60 octets.
    static let headLimit = 192

    /// For batches of `capacity` packets.
    public init(capacity: Int) { staged = PacketBatch(capacity: capacity) }

    /// Whether anybody captures.
    public var isOpen: Bool { !taps.isEmpty }

    /// From now on these are written to, and no others.
    ///
    /// Who wants most of a packet comes first: what is noted of it is cut down from one to the next.
    public mutating func replace(by taps: [Tap]) { self.taps = taps.sorted { $0.snapLength > $1.snapLength } }

    /// Notes how the packets of a batch came. `time` in microseconds since 1970.
    public mutating func note(_ batch: borrowing PacketBatch, at time: UInt64) {
        self.time = time
        for index in batch.indices {
            let length = batch[index].length
            let head = min(PacketTaps.headLimit, length)
            staged[index].place(length: PacketRecord.headerLength + head)
            var record = staged[index].mutableBytes
            record.copy(batch[index].bytes.extracting(first: head), to: PacketRecord.headerLength)
            record.store(UInt32(length), at: PacketRecord.Field.came)
            record.store(PacketRecord.noDrop, at: PacketRecord.Field.drop)
        }
    }

    /// Notes why the packet in slot `index` is dropped.
    public mutating func dropped(_ drop: Drop, at index: Int) {
        var record = staged[index].mutableBytes
        record.store(drop.rawValue, at: PacketRecord.Field.drop)
    }

    /// Writes down what became of the packets of the batch that was noted last.
    ///
    /// One that went on as the packets that it stands for is left out: these have a batch of their own.
    public mutating func write(_ batch: borrowing PacketBatch, _ direction: Direction) {
        for index in batch.indices where batch[index].fate != .apart {
            let isDropped = batch[index].fate != .delivered
            for place in taps.indices where isDropped || taps[place].wants == .all {
                if isDropped {
                    writeDropped(batch[index], index, direction, to: taps[place])
                } else {
                    writeDelivered(batch[index], index, direction, to: taps[place])
                }
            }
        }
    }

    private mutating func writeDropped(
        _ slot: borrowing PacketSlot, _ index: Int, _ direction: Direction, to tap: Tap
    ) {
        let head = cutHead(index, to: tap)
        // The head as it came, then what follows it, wherever the rules were.
        let start = min(max(0, head - PacketTaps.stripped(slot)), slot.length)
        let body = slot.bytes.extracting(start..<min(slot.length, start + tap.snapLength - head))
        finish(index, slot, direction, head: head, outer: 0, body: body.byteCount)
        tap.ring.append(staged[index].bytes, body)
    }

    private mutating func writeDelivered(
        _ slot: borrowing PacketSlot, _ index: Int, _ direction: Direction, to tap: Tap
    ) {
        let head = cutHead(index, to: tap)
        var outer = 0
        if let fields = slot.outer {
            outer = OuterHeader.length
            staged[index].place(length: PacketRecord.headerLength + head + outer)
            var record = staged[index].mutableBytes
            var room = record.part(record.byteCount - outer..<record.byteCount)
            // A superpacket may be longer than any packet.
            OuterHeader(fields).write(payloadLength: min(slot.length, OuterHeader.maximumPayloadLength), to: &room)
        }
        let body = slot.bytes.extracting(first: min(slot.length, tap.snapLength))
        finish(index, slot, direction, head: head, outer: outer, body: body.byteCount)
        tap.ring.append(staged[index].bytes, body)
    }

    /// How much of the head that was noted `tap` wants; nothing else follows it then.
    private mutating func cutHead(_ index: Int, to tap: Tap) -> Int {
        let came = staged[index].bytes.uint32(at: PacketRecord.Field.came)
        let head = min(Int(came), PacketTaps.headLimit, tap.snapLength)
        staged[index].place(length: PacketRecord.headerLength + head)
        return head
    }

    /// What the rules took off the front, octets.
    private static func stripped(_ slot: borrowing PacketSlot) -> Int { max(0, slot.offset - PacketSlot.headroom) }

    private mutating func finish(
        _ index: Int, _ slot: borrowing PacketSlot, _ direction: Direction, head: Int, outer: Int, body: Int
    ) {
        let length = staged[index].length + body
        var record = staged[index].mutableBytes
        record.store(UInt32(length), at: PacketRecord.Field.length)
        record.store(UInt32(truncatingIfNeeded: time >> 32), at: PacketRecord.Field.time)
        record.store(UInt32(truncatingIfNeeded: time), at: PacketRecord.Field.time + 4)
        record.store(slot.peer?.rawValue ?? PacketRecord.noPeer, at: PacketRecord.Field.peer)
        record.store(UInt32(outer + slot.length), at: PacketRecord.Field.went)
        record.store(UInt16(head), at: PacketRecord.Field.head)
        record.store(UInt8(min(head, PacketTaps.stripped(slot))), at: PacketRecord.Field.stripped)
        record.store(UInt8(outer), at: PacketRecord.Field.outer)
        record.store(direction == .encapsulate ? 0 : 1 as UInt8, at: PacketRecord.Field.direction)
        record.store(PacketTaps.form(of: slot), at: PacketRecord.Field.form)
        record.store(UInt16(clamping: slot.segmentSize), at: PacketRecord.Field.segmentSize)
    }

    private static func form(of slot: borrowing PacketSlot) -> UInt8 {
        switch slot.cut {
        case .fragments: 2
        case .outerFragments: 3
        case .whole, .segments: slot.segmentSize > 0 ? 1 : 0
        }
    }
}
