// SPDX-License-Identifier: Apache-2.0

internal import CSanitizer
public import Wire

/// A batch that every execution uses again, as the data path does. Octets behind each packet are poisoned, so that
/// AddressSanitizer sees a read beyond it although there is memory. For the one thread that libFuzzer calls on.
@safe public final class BatchBench: @unchecked Sendable {
    private var batch: PacketBatch

    /// A bench with empty slots.
    public init(capacity: Int) { batch = PacketBatch(capacity: capacity) }

    /// Fills a slot with each of `packets`, and lets `work` look at them and change what is known about them.
    public func run(_ packets: [[UInt8]], _ work: (inout PacketBatch) -> Void) {
        for (index, packet) in packets.enumerated() {
            batch[index].copy(packet.octets)
            // SAFETY: a slot is as long as its capacity, and nobody reads behind the packet while this is poisoned.
            unsafe __asan_poison_memory_region(batch[index].address + packet.count, PacketSlot.capacity - packet.count)
        }
        defer {
            for (index, packet) in packets.enumerated() {
                // SAFETY: as above.
                let (behind, count) = unsafe (batch[index].address + packet.count, PacketSlot.capacity - packet.count)
                unsafe __asan_unpoison_memory_region(behind, count)
            }
        }
        batch.setCount(packets.count)
        work(&batch)
    }
}
