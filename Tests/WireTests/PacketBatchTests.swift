// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct PacketBatchTests {
    @Test func `a new batch is empty`() {
        let batch = PacketBatch(capacity: 3)
        let (capacity, count, indices) = (batch.capacity, batch.count, batch.indices)
        let (isEmpty, isFull) = (batch.isEmpty, batch.isFull)
        #expect(capacity == 3)
        #expect(count == 0)
        #expect(indices == 0..<0)
        #expect(isEmpty)
        #expect(!isFull)
    }

    @Test func `a source fills slots first and then says how many`() {
        var batch = PacketBatch(capacity: 2)
        batch[0].copy([1])
        batch[1].copy([2, 2])
        batch.setCount(2)
        let (indices, isFull, lengths) = (batch.indices, batch.isFull, [batch[0].length, batch[1].length])
        #expect(indices == 0..<2)
        #expect(isFull)
        #expect(lengths == [1, 2])
    }

    @Test func `removeAll forgets all packets and keeps the memory`() {
        var batch = PacketBatch(capacity: 2)
        batch[0].copy([1])
        batch.setCount(1)
        batch.removeAll()
        let (isEmpty, capacity) = (batch.isEmpty, batch.capacity)
        #expect(isEmpty)
        #expect(capacity == 2)
    }

    @Test func `slots do not overlap, not even full ones with all of their headroom used`() {
        var batch = PacketBatch(capacity: 3)
        for index in 0..<3 {
            batch[index].copy([UInt8](repeating: UInt8(index), count: PacketSlot.capacity))
            batch[index].prepend(PacketSlot.headroom)
            batch[index].fill(with: UInt8(0x10 + index))
        }
        for index in 0..<3 {
            let bytes = octets(batch[index].bytes)
            #expect(bytes.count == PacketSlot.headroom + PacketSlot.capacity)
            #expect(bytes.hasOnly { $0 == UInt8(0x10 + index) }, "slot \(index)")
        }
    }

    @Test func `every slot starts at a cache line`() {
        let batch = PacketBatch(capacity: 3)
        for index in 0..<3 {
            let address = unsafe UInt(bitPattern: batch[index].address)
            #expect(address.isMultiple(of: 64))
        }
    }

    @Test func `there is no slot outside of the batch`() async {
        await #expect(processExitsWith: .failure) { _ = PacketBatch(capacity: 2)[2].length }
        await #expect(processExitsWith: .failure) { _ = PacketBatch(capacity: 2)[-1].length }
    }

    @Test func `a batch cannot hold more than its capacity, nor be of none`() async {
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 2)
            batch.setCount(3)
        }
        await #expect(processExitsWith: .failure) { _ = PacketBatch(capacity: 0) }
    }
}

extension PacketSlot {
    fileprivate mutating func fill(with octet: UInt8) {
        var bytes = mutableBytes
        for offset in 0..<bytes.byteCount { bytes.store(octet, at: offset) }
    }
}
