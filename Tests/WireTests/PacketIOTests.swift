// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// A source and a sink in the shape that the data path expects; nothing but arrays behind them.
@Suite struct PacketIOTests {
    @Test func `packets pass through a batch in order, a batch at a time`() {
        var source = ArraySource(packets: (0..<5).map { [UInt8](repeating: $0, count: Int($0) + 1) })
        var sink = ArraySink()
        var batch = PacketBatch(capacity: 2)
        var rounds: [Int] = []
        repeat {
            source.fill(&batch)
            rounds.append(batch.count)
            sink.drain(&batch)
        } while !batch.isEmpty
        #expect(rounds == [2, 2, 1, 0])
        #expect(sink.packets.map(\.count) == [1, 2, 3, 4, 5])
        #expect(sink.packets.map(\.first) == [0, 1, 2, 3, 4])
    }

    @Test func `a sink takes only what is pending, and says what became of it`() {
        var source = ArraySource(packets: [[1], [2], [3]])
        var sink = ArraySink()
        var batch = PacketBatch(capacity: 3)
        source.fill(&batch)
        batch[1].fate = .dropped
        sink.drain(&batch)
        let fates = [batch[0].fate, batch[1].fate, batch[2].fate]
        #expect(fates == [.delivered, .dropped, .delivered])
        #expect(sink.packets == [[1], [3]])
    }
}

private struct ArraySource: PacketSource, ~Copyable {
    var packets: [[UInt8]]

    mutating func fill(_ batch: inout PacketBatch) throws(Never) {
        batch.removeAll()
        while !packets.isEmpty, !batch.isFull {
            batch[batch.count].copy(packets.removeFirst())
            batch.setCount(batch.count + 1)
        }
    }
}

private struct ArraySink: PacketSink, ~Copyable {
    var packets: [[UInt8]] = []

    mutating func drain(_ batch: inout PacketBatch) throws(Never) {
        for index in batch.indices where batch[index].fate == .pending {
            packets.append(octets(batch[index].bytes))
            batch[index].fate = .delivered
        }
    }
}
