// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Tunnel
import Wire

/// What single steps cost: writing an outer header, reading a packet, and merging what arrived one by one.
struct WireMeasure {
    private var header = Measure("write an outer header")
    private var parse = Measure("read an inner packet")
    private var oneFlow = Measure("merge 64 of one flow")
    private var manyFlows = Measure("merge 64 of 16 flows")

    var lines: [String] { [header, parse, oneFlow, manyFlows].map(\.line) }

    mutating func round() {
        roundOfHeaders()
        roundOfPackets()
        WireMeasure.merge(flows: 1, &oneFlow)
        WireMeasure.merge(flows: 16, &manyFlows)
    }

    private static let repetitions = HotPath.batches * HotPath.capacity

    private mutating func roundOfHeaders() {
        var batch = PacketBatch(capacity: 1)
        batch[0].place(length: OuterHeader.length)
        let before = allocations()
        let clock = ContinuousClock()
        let start = clock.now
        for count in 0..<WireMeasure.repetitions {
            let fields = OuterFields(
                source: HotPath.ours, destination: HotPath.theirs, trafficClass: UInt8(count & 0xff), ttl: .standard,
                fragmentation: .forbidden)
            var bytes = batch[0].mutableBytes
            OuterHeader(fields, identification: UInt16(truncatingIfNeeded: count)).write(
                payloadLength: 1400, to: &bytes)
        }
        header.add(clock.now - start, allocated: allocations() - before, packets: WireMeasure.repetitions)
    }

    private mutating func roundOfPackets() {
        let inner = HotPath.packet(from: HotPath.ours, to: HotPath.theirs, length: 1400, carrying: .udp)
        let before = allocations()
        let clock = ContinuousClock()
        let start = clock.now
        var octets = 0
        for _ in 0..<WireMeasure.repetitions {
            do throws(Drop) {
                octets += try InnerPacket(inner.octets, from: .peer).totalLength
            } catch {
                preconditionFailure("\(error)")
            }
        }
        precondition(octets == WireMeasure.repetitions * inner.count)
        parse.add(clock.now - start, allocated: allocations() - before, packets: WireMeasure.repetitions)
    }

    /// 64 TCP segments of 1,400 octets, `flows` of them taking turns: checksums verified, runs found, their heads written.
    private static func merge(flows: Int, _ measure: inout Measure) {
        var batch = PacketBatch(capacity: HotPath.capacity)
        var head = PacketBatch(capacity: 1)
        var coalescing = Coalescing(capacity: HotPath.capacity)
        for index in 0..<HotPath.capacity {
            batch[index].copy(segment(flow: index % flows, number: index / flows).octets)
        }
        batch.setCount(HotPath.capacity)
        // As many runs as flows, or more where 64 KiB are full.
        let expected = max(flows, (HotPath.capacity * 1_400 + 65_494) / 65_495)
        let before = allocations()
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<HotPath.batches / 4 {
            for index in batch.indices { batch[index].checksum = .unknown }
            coalescing.gather(&batch, [.streams, .datagrams])
            precondition(coalescing.indices.count == expected)
            for run in coalescing.indices {
                head[0].copy(batch[coalescing[run].first].bytes.extracting(first: coalescing[run].headerLength))
                var bytes = head[0].mutableBytes
                coalescing[run].rewrite(&bytes, at: 0)
            }
        }
        let packets = HotPath.batches / 4 * HotPath.capacity
        measure.add(clock.now - start, allocated: allocations() - before, packets: packets)
    }

    private static func segment(flow: Int, number: Int) -> [UInt8] {
        var bytes = HotPath.packet(from: HotPath.theirs, to: HotPath.ours, length: 40 + 1_400, carrying: .tcp)
        let sequence = number * 1_400
        bytes[21] = UInt8(flow)  // source port
        for place in 0..<4 { bytes[24 + place] = UInt8(truncatingIfNeeded: sequence >> (24 - 8 * place)) }
        (bytes[32], bytes[33]) = (0x50, 0x10)  // no options, ACK
        (bytes[36], bytes[37]) = (0, 0)
        var sum = Checksum(pseudoHeaderFrom: HotPath.theirs, to: HotPath.ours, of: .tcp, length: bytes.count - 20)
        sum.add(Array(bytes[20...]).octets)
        (bytes[36], bytes[37]) = (UInt8(sum.value >> 8), UInt8(sum.value & 0xff))
        return bytes
    }
}
