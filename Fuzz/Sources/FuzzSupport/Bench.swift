// SPDX-License-Identifier: Apache-2.0

internal import CSanitizer
public import Tunnel
public import Wire

/// One slot that every execution uses again, as the data path does. Octets behind the packet are poisoned, so that
/// AddressSanitizer sees a read beyond it although there is memory. For the one thread that libFuzzer calls on.
@safe public final class Bench: @unchecked Sendable {
    private var batch = PacketBatch(capacity: 1)

    /// A bench with an empty slot.
    public init() {}

    /// Puts `packet` into the slot, lets `work` change it, and gives what it threw.
    public func run(_ packet: [UInt8], _ work: (inout PacketSlot) throws(Drop) -> Void) -> Result {
        batch[0].copy(packet.octets)
        // SAFETY: a slot is as long as its capacity, and nobody but the rules reads while these octets are poisoned.
        let (behind, count) = unsafe (batch[0].address + packet.count, PacketSlot.capacity - packet.count)
        unsafe __asan_poison_memory_region(behind, count)
        defer { unsafe __asan_unpoison_memory_region(behind, count) }
        do throws(Drop) {
            try work(&batch[0])
            return result(nil)
        } catch {
            return result(error)
        }
    }

    /// What is in the slot afterwards.
    public struct Result {
        /// Why it was dropped; `nil` when it goes on.
        public let drop: Drop?
        /// The packet.
        public let bytes: [UInt8]
        /// Where it starts, counted from where it started before.
        public let start: Int
        /// Whose it is.
        public let peer: PeerIndex?
        /// The outer packet that was decided on.
        public let outer: OuterFields?
        /// Into how many outer packets it goes.
        public let cut: Cut
        /// What its sender is to be told.
        public let answer: ICMPv4Error?
        /// What is left to do about its transport checksum.
        public let checksum: ChecksumState
        /// Payload octets per segment, 0 for an ordinary packet.
        public let segmentSize: Int

        /// Where it lies in what was there before.
        public var range: Range<Int> { start..<start + bytes.count }
    }

    private func result(_ drop: Drop?) -> Result {
        Result(
            drop: drop, bytes: octets(batch[0].bytes),
            start: batch[0].offset - PacketSlot.headroom, peer: batch[0].peer, outer: batch[0].outer, cut: batch[0].cut,
            answer: batch[0].answer,
            checksum: batch[0].checksum, segmentSize: batch[0].segmentSize)
    }
}
