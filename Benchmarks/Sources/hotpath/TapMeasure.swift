// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Tunnel
import Wire

/// What it costs a data thread that somebody captures, or could: the steps of a batch as `DataThread` makes them, without
/// the clock. What the main thread takes out of the ring is not measured.
struct TapMeasure {
    private var idle = Measure("nobody captures")
    private var whole = Measure("captured, 1400 octets")
    private var heads = Measure("captured, 96 octets")

    var lines: [String] { [idle, whole, heads].map(\.line) }

    mutating func round(_ packet: [UInt8], _ rules: Decapsulation) {
        TapMeasure.round(packet, rules, nil, &idle)
        TapMeasure.round(packet, rules, 65_535, &whole)
        TapMeasure.round(packet, rules, 96, &heads)
    }

    private static func round(_ packet: [UInt8], _ rules: Decapsulation, _ snapLength: Int?, _ measure: inout Measure) {
        let listeners = Handover<[Tap]>()
        let ring = RecordRing(octets: 1 << 18)
        var taps = PacketTaps(capacity: HotPath.capacity)
        if let snapLength { taps.replace(by: [Tap(.all, snapLength: snapLength, ring: ring)]) }
        var batch = PacketBatch(capacity: HotPath.capacity)
        for index in 0..<HotPath.capacity { batch[index].copy(packet.octets) }
        batch.setCount(HotPath.capacity)
        let clock = ContinuousClock()
        var (elapsed, allocated) = (Duration.zero, UInt(0))
        for _ in 0..<HotPath.batches {
            let before = allocations()
            let start = clock.now
            if let news = listeners.take() { taps.replace(by: news) }
            for index in batch.indices {
                batch[index].reset()
                batch[index].place(length: packet.count)
            }
            if taps.isOpen { taps.note(batch, at: 1) }
            for index in batch.indices {
                do throws(Drop) {
                    try rules.apply(to: &batch[index], at: 1)
                    batch[index].fate = .delivered
                } catch {
                    preconditionFailure("\(error)")
                }
            }
            if taps.isOpen { taps.write(batch, .decapsulate) }
            elapsed += clock.now - start
            allocated += allocations() - before
            _ = ring.take(.max, upTo: ring.end)
        }
        precondition(ring.lost == 0)
        measure.add(elapsed, allocated: allocated, packets: HotPath.batches * HotPath.capacity)
    }
}
