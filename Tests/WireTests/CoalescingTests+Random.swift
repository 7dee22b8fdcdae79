// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// What is merged and cut again is what there was, whatever there was.
@Suite struct RandomCoalescingTests {
    @Test func `random batches, merged and cut again, are the same packets in the same order within each flow`() throws
    {
        var random = SplitMix64()
        var (merged, longest) = (0, 0)
        for _ in 0..<300 {
            var traffic = RandomTraffic(random.next())
            let packets = (0..<Int.random(in: 1...64, using: &random)).map { _ in traffic.packet() }
            var batch = PacketBatch(packets)
            for slot in batch.indices where Int.random(in: 0..<20, using: &random) == 0 {
                traffic.prepare(&batch[slot])
            }
            var coalescing = Coalescing(capacity: batch.capacity)
            coalescing.gather(&batch, [.streams, .datagrams])

            let order = coalescing.slots.flatMap(\.self)
            let pending = batch.indices.filter { batch[$0].fate == .pending }
            try #require(order.sorted() == pending, random.note)
            try #require(isInOrder(order, packets), random.note)
            for index in coalescing.indices where coalescing[index].count > 1 {
                merged += 1
                longest = max(longest, coalescing[index].count)
                try check(coalescing[index], of: coalescing, batch, packets, random.note)
            }
            try #require(batch.indices.hasOnly { octets(batch[$0].bytes) == packets[$0] }, random.note)
        }
        #expect(merged > 300, random.note)
        #expect(longest > 8, random.note)
    }

    /// A superpacket by itself, and what it is cut into.
    private func check(
        _ run: Coalescing.Run, of coalescing: borrowing Coalescing, _ batch: borrowing PacketBatch,
        _ packets: [[UInt8]], _ note: Comment
    ) throws {
        let superpacket = coalescing.superpacket(run, of: batch)
        let slots = coalescing.slots(of: run)
        try #require(superpacket.count == run.length && superpacket.word(at: 2) == run.length, note)
        try #require(superpacket.headerSum == 0xffff, note)
        try #require(superpacket.word(at: run.kind == .streams ? 36 : 26) == naiveSum(superpacket.pseudoHeader), note)
        let segmentation = try #require(Segmentation(superpacket, size: run.size), note)
        let cut = segmentation.packets(of: superpacket)
        try #require(cut.map(\.comparable) == slots.map { packets[$0].comparable }, note)
        for (made, slot) in zip(cut, slots) where made[6] & 0x40 == 0 {
            try #require(made.word(at: 4) == packets[slot].word(at: 4), note)
        }
        try #require(slots.hasOnly { batch[$0].segmentSize == 0 && batch[$0].checksum == .valid }, note)
    }

    /// Whether none overtook another of its flow, or of its hosts if one of the two has no flow.
    private func isInOrder(_ order: [Int], _ packets: [[UInt8]]) -> Bool {
        let owners = packets.map(Owner.init)
        return order.indices.allSatisfy { later in
            order[..<later].allSatisfy { $0 < order[later] || !owners[$0].isBound(to: owners[order[later]]) }
        }
    }

    @Test func `random superpackets, cut and merged again, are the same superpackets`() throws {
        var random = SplitMix64()
        for _ in 0..<200 {
            let isStream = Bool.random(using: &random)
            let packet = BuiltPacket(
                trafficClass: UInt8(truncatingIfNeeded: random.next()),
                identification: UInt16(truncatingIfNeeded: random.next()),
                fragment: Bool.random(using: &random) ? 0x4000 : 0, source: random.bytes(4),
                destination: [UInt8.random(in: 1...126, using: &random)] + random.bytes(3))
            let tcp = BuiltTCP(
                sequence: UInt32(truncatingIfNeeded: random.next()), flags: Bool.random(using: &random) ? 0x10 : 0x18,
                options: random.bytes(4 * Int.random(in: 0...10, using: &random)),
                payload: random.bytes(Int.random(in: 2...5_000, using: &random)))
            let udp = BuiltUDP(payload: tcp.payload)
            let whole = isStream ? packet.carryingUnfinished(tcp) : packet.carryingUnfinished(udp)
            let size = Int.random(in: (tcp.payload.count + 63) / 64..<tcp.payload.count, using: &random)
            let cut = isStream ? segments(of: packet, tcp, size: size) : segments(of: packet, udp, size: size)
            var batch = PacketBatch(cut)
            var coalescing = Coalescing(capacity: batch.capacity)
            coalescing.gather(&batch, [.streams, .datagrams])
            try #require(coalescing.slots == [Array(cut.indices)], random.note)
            try #require(coalescing.superpacket(coalescing[0], of: batch) == whole, random.note)
        }
    }
}

extension [UInt8] {
    /// Without what may differ: the identification where DF is set, and a zero checksum written as 0xffff.
    fileprivate var comparable: [UInt8] {
        var copy = self
        if copy[6] & 0x40 != 0 {
            copy.setWord(0, at: 4)
            copy.setWord(0, at: 10)
        }
        for field in [10, copy[9] == 6 ? 36 : 26] where copy.word(at: field) == 0xffff { copy.setWord(0, at: field) }
        return copy
    }
}

/// Whose a packet is, as a naive reader sees it.
private struct Owner {
    /// `nil` when there is no telling, so that it may be anybody's.
    let addresses: ArraySlice<UInt8>?
    /// `nil` when it is no whole TCP or UDP packet, so that it may be of any flow of its hosts.
    let flow: [UInt8]?

    init(_ packet: [UInt8]) {
        addresses = packet.count < 20 ? nil : packet[12..<20]
        let hasPorts = packet.count >= 24 && packet[0] == 0x45 && packet.word(at: 6) & 0x3fff == 0
        flow = hasPorts && (packet[9] == 6 || packet[9] == 17) ? packet[20..<24] + [packet[9]] : nil
    }

    /// Whether the two have to keep their order.
    func isBound(to other: Owner) -> Bool {
        guard let addresses, let theirs = other.addresses else { return true }
        guard addresses == theirs else { return false }
        guard let flow, let theirFlow = other.flow else { return true }
        return flow == theirFlow
    }
}
