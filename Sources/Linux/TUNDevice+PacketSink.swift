// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import Wire

extension TUNDevice: PacketSink {
    /// Hands the packets to the kernel, which routes them as if they had arrived on a wire.
    ///
    /// What belongs together goes as one (``Coalescing``). The corresponding C functions are `write` and `writev`.
    /// - Throws: `Errno.descriptorState` when the device was deleted.
    public mutating func drain(_ batch: inout PacketBatch) throws(Errno) {
        coalescing.gather(&batch, kinds)
        for index in coalescing.indices {
            let run = coalescing[index]
            if run.count == 1 {
                try write(&batch[run.first])
            } else {
                try write(run, of: &batch)
            }
        }
    }

    /// Superpackets that were made of several packets since the last call.
    package mutating func takeCoalesced() -> Int {
        defer { coalesced = 0 }
        return coalesced
    }

    /// Writes a packet that goes on alone.
    private func write(_ slot: inout PacketSlot) throws(Errno) {
        let leading = VirtioNetHeader.length
        let header = VirtioNetHeader(
            checksum: slot.checksum, segmentation: slot.segmentSize > 0 ? .tcp4 : .none,
            segmentSize: UInt16(slot.segmentSize))
        slot.prepend(leading)
        var bytes = slot.mutableBytes
        header.write(to: &bytes)
        // SAFETY: the slot holds `length` octets at `address`.
        let written = unsafe Glibc.write(descriptor.rawValue, slot.address, slot.length)
        let error = written < 0 ? Errno.current : nil
        slot.strip(to: leading..<slot.length)
        slot.fate = try TUNDevice.fate(error)
    }

    /// Writes packets that go on together. A kernel that does not know how gets them one by one, now and from then on.
    private mutating func write(_ run: Coalescing.Run, of batch: inout PacketBatch) throws(Errno) {
        gather(run, of: batch)
        let error = gathering.write(to: descriptor)
        let isUnknown = error == .invalidArgument
        if isUnknown { kinds.remove(run.kind) }
        if error == nil { coalesced += 1 }
        let fate = try TUNDevice.fate(error)
        var slot = run.first
        for _ in 0..<run.count {
            if isUnknown { try write(&batch[slot]) } else { batch[slot].fate = fate }
            slot = coalescing.slot(after: slot)
        }
    }

    /// A head of its own for the superpacket, then the payload of each packet where it lies: nothing but a header is copied.
    private mutating func gather(_ run: Coalescing.Run, of batch: borrowing PacketBatch) {
        let leading = VirtioNetHeader.length
        head[0].copy(batch[run.first].bytes.extracting(first: run.headerLength))
        head[0].prepend(leading)
        var bytes = head[0].mutableBytes
        run.virtioNetHeader.write(to: &bytes)
        run.rewrite(&bytes, at: leading)
        gathering.removeAll()
        gathering.append(head[0])
        var slot = run.first
        for _ in 0..<run.count {
            gathering.append(batch[slot], from: run.headerLength)
            slot = coalescing.slot(after: slot)
        }
    }

    private static func fate(_ error: Errno?) throws(Errno) -> PacketSlot.Fate {
        guard let error else { return .delivered }
        if error == .descriptorState { throw error }
        return .failed(error.rawValue)
    }
}
