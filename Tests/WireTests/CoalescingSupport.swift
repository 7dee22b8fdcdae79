// SPDX-License-Identifier: Apache-2.0

import Wire

extension BuiltPacket {
    /// One that is never cut (DF), with identification 500.
    static let atomic = BuiltPacket(identification: 500, fragment: 0x4000)
    /// One that may be cut, with identification 500.
    static let divisible = BuiltPacket(identification: 500)
}

/// TCP segments that follow one another, with payloads of these `sizes`; `tcp` is the first.
func stream(_ sizes: [Int], in packet: BuiltPacket = .atomic, _ tcp: BuiltTCP = BuiltTCP()) -> [[UInt8]] {
    var (packet, segment) = (packet, tcp)
    return sizes.map { size in
        segment.payload = payload(size, seed: packet.identification)
        defer {
            packet.identification &+= 1
            segment.sequence &+= UInt32(size)
        }
        return packet.carrying(segment)
    }
}

/// UDP datagrams of one flow, with payloads of these `sizes`.
func datagrams(_ sizes: [Int], in packet: BuiltPacket = .atomic) -> [[UInt8]] {
    var packet = packet
    return sizes.map { size in
        defer { packet.identification &+= 1 }
        return packet.carrying(BuiltUDP(payload: payload(size, seed: packet.identification)))
    }
}

/// Octets that are different for every `seed`.
private func payload(_ size: Int, seed: UInt16) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(seed) &* 31) }
}

extension [UInt8] {
    /// Another flow of the same two hosts: from this port.
    func from(port: UInt16) -> [UInt8] { replacing(at: 20, with: [UInt8](word: port)).repaired }

    /// Another pair of hosts.
    func to(host: UInt8) -> [UInt8] { replacing(at: 19, with: [host]).repaired }

    /// The same with some bits of an octet the other way round, checksums as they are.
    func flipping(_ mask: UInt8, at offset: Int) -> [UInt8] { replacing(at: offset, with: [self[offset] ^ mask]) }

    /// The same with checksums that are right, for a packet without IP options.
    var repaired: [UInt8] {
        var copy = self
        copy.setWord(0, at: 10)
        copy.setWord(~naiveSum(copy[..<20]), at: 10)
        let field = copy[9] == 6 ? 36 : 26
        guard count >= field + 2 else { return copy }
        copy.setWord(0, at: field)
        let pseudoHeader = copy[12..<20] + [0, copy[9]] + [UInt8](word: UInt16(count - 20))
        let checksum = ~naiveSum(pseudoHeader + copy[20...])
        copy.setWord(checksum == 0 ? 0xffff : checksum, at: field)
        return copy
    }
}

extension PacketBatch {
    /// A batch of these packets, in this order.
    init(_ packets: [[UInt8]]) {
        self.init(capacity: max(packets.count, 1))
        for (index, packet) in packets.enumerated() { self[index].copy(packet) }
        setCount(packets.count)
    }
}

extension Coalescing {
    /// Of which slots each run consists.
    var slots: [[Int]] { indices.map { slots(of: self[$0]) } }

    /// Of which slots `run` consists.
    func slots(of run: Run) -> [Int] {
        var slots = [run.first]
        while slots.count < run.count { slots.append(slot(after: slots[slots.count - 1])) }
        return slots
    }

    /// The superpacket of a run of more than one packet, headers rewritten in memory that is not clean.
    func superpacket(_ run: Run, of batch: borrowing PacketBatch) -> [UInt8] {
        let first = octets(batch[run.first].bytes)
        var head = [0xaa, 0xaa, 0xaa] + first.prefix(run.headerLength) + [0xaa]
        changing(&head) { run.rewrite(&$0, at: 3) }
        precondition(head.prefix(3) + head.suffix(1) == [0xaa, 0xaa, 0xaa, 0xaa])
        return slots(of: run).reduce(Array(head.dropFirst(3).dropLast())) { superpacket, slot in
            superpacket + octets(batch[slot].bytes).dropFirst(run.headerLength)
        }
    }
}

/// Which of `packets` go on together, and in which order: the numbers of the packets of each run.
func coalesce(
    _ packets: [[UInt8]], _ kinds: Coalescing.Kinds = [.streams, .datagrams],
    prepare: (inout PacketBatch) -> Void = { _ in }
) -> [[Int]] {
    var batch = PacketBatch(packets)
    prepare(&batch)
    var coalescing = Coalescing(capacity: batch.capacity)
    coalescing.gather(&batch, kinds)
    return coalescing.slots
}
