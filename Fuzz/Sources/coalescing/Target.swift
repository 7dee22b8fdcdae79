// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Wire

/// Whatever is in a batch, superpackets and all: cut again, it is what it was. Nothing is lost or doubled, and no packet
/// overtakes another of its flow.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        var traffic = Traffic(octets(input))
        var coalescing = Coalescing(capacity: Traffic.capacity)
        let packets = traffic.packets()
        bench.run(packets) { batch in
            for (index, note) in traffic.notes { note.apply(to: &batch[index]) }
            let before = batch.indices.map { batch[$0].fate }
            coalescing.gather(&batch, traffic.kinds)
            let pending = batch.indices.filter { before[$0] == .pending }
            let order = coalescing.indices.flatMap { slots(of: coalescing[$0], in: coalescing) }
            always(order.sorted() == pending, "each packet goes on once")
            always(isInOrder(order, packets), "no packet overtakes another of its flow")
            always(batch.indices.allSatisfy { octets(batch[$0].bytes) == packets[$0] }, "packets stay as they are")
            for index in coalescing.indices { check(coalescing[index], of: coalescing, packets, batch) }
        }
    }
}

private let bench = BatchBench(capacity: Traffic.capacity)

private func slots(of run: Coalescing.Run, in coalescing: borrowing Coalescing) -> [Int] {
    var slots = [run.first]
    while slots.count < run.count { slots.append(coalescing.slot(after: slots[slots.count - 1])) }
    return slots
}

/// A run by itself.
private func check(
    _ run: Coalescing.Run, of coalescing: borrowing Coalescing, _ packets: [[UInt8]], _ batch: borrowing PacketBatch
) {
    let slots = slots(of: run, in: coalescing)
    guard run.count > 1 else { return always(run.length == packets[run.first].count, "alone, it is as long as it is") }
    for slot in slots {
        always(batch[slot].checksum == .valid && batch[slot].segmentSize == 0, "only ordinary packets are merged")
    }
    let superpacket = superpacket(run, slots.map { packets[$0] })
    let isStream = superpacket[9] == 6
    always(superpacket.count == run.length && word(superpacket, at: 2) == run.length, "its length is right")
    always(naiveSum(superpacket[..<20]) == 0xffff, "its header checksum is right")
    let (header, field) = (run.virtioNetHeader, isStream ? 16 : 6)
    always(word(superpacket, at: 20 + field) == naivePseudoHeaderSum(superpacket), "the pseudo-header is summed")
    always(header.checksum == .partial(start: 20, offset: UInt16(field)), "the device knows where the sum goes")
    always(header.segmentation == (isStream ? .tcp4 : .udp) && Int(header.segmentSize) == run.size, "what it is")
    guard let segmentation = Segmentation(superpacket.octets, size: run.size) else {
        return always(false, "it can be cut")
    }
    always(segmentation.count == run.count && segmentation.headerLength == run.headerLength, "into as many packets")
    for (index, slot) in slots.enumerated() {
        let made = made(index, by: segmentation, of: superpacket)
        always(comparable(made) == comparable(packets[slot]), "packet \(index) is what it was")
    }
}

private func superpacket(_ run: Coalescing.Run, _ packets: [[UInt8]]) -> [UInt8] {
    var head = [0xa5, 0xa5, 0xa5] + packets[0].prefix(run.headerLength)
    var elements = head.mutableSpan
    var span = unsafe elements.mutableBytes
    run.rewrite(&span, at: 3)
    return head.dropFirst(3) + packets.flatMap { $0.dropFirst(run.headerLength) }
}

private func made(_ index: Int, by segmentation: Segmentation, of superpacket: [UInt8]) -> [UInt8] {
    var head = [UInt8](repeating: 0, count: segmentation.headerLength)
    var elements = head.mutableSpan
    var span = unsafe elements.mutableBytes
    segmentation.write(index, of: superpacket.octets, to: &span, at: 0)
    return head + superpacket[segmentation.body(index)]
}

/// Without what may differ: the identification where DF is set, and a zero checksum written as 0xffff.
private func comparable(_ packet: [UInt8]) -> [UInt8] {
    var copy = packet
    if copy[6] & 0x40 != 0 { (copy[4], copy[5], copy[10], copy[11]) = (0, 0, 0, 0) }
    for field in [10, copy[9] == 6 ? 36 : 26] where word(copy, at: field) == 0xffff {
        (copy[field], copy[field + 1]) = (0, 0)
    }
    return copy
}

private func isInOrder(_ order: [Int], _ packets: [[UInt8]]) -> Bool {
    let owners = packets.map(Owner.init)
    return order.indices.allSatisfy { later in
        order[..<later].allSatisfy { $0 < order[later] || !owners[$0].isBound(to: owners[order[later]]) }
    }
}

/// Whose a packet is, as a naive reader sees it.
private struct Owner {
    /// `nil` when there is no telling, so that it may be anybody's.
    let addresses: UInt64?
    /// `nil` when it is no whole TCP or UDP packet, so that it may be of any flow of its hosts.
    let flow: UInt64?

    init(_ packet: [UInt8]) {
        addresses = packet.count < 20 ? nil : number(packet[12..<20])
        let hasPorts = packet.count >= 24 && packet[0] == 0x45 && word(packet, at: 6) & 0x3fff == 0
        flow = hasPorts && (packet[9] == 6 || packet[9] == 17) ? number([packet[9]] + packet[20..<24]) : nil
    }

    /// Whether the two have to keep their order.
    func isBound(to other: Owner) -> Bool {
        guard let addresses, let theirs = other.addresses else { return true }
        guard addresses == theirs else { return false }
        guard let flow, let theirFlow = other.flow else { return true }
        return flow == theirFlow
    }
}

/// The number that these octets are.
private func number(_ octets: ArraySlice<UInt8>) -> UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }
