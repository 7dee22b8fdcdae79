// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
public import Wire

extension TUNDevice: PacketSource {
    /// Reads the packets that the kernel routed into the device, until there are no more, the batch is full, or it holds
    /// so much that the next would push the first out of the processor's cache before it is sent.
    ///
    /// A superpacket is the last of its batch: if it has to be taken apart, nothing overtakes its parts.
    /// The corresponding C function is `read`, once per packet: TUN devices have no batch call.
    /// - Throws: `Errno.descriptorState` when the device was deleted.
    public mutating func fill(_ batch: inout PacketBatch) throws(Errno) {
        batch.removeAll()
        var count = 0
        var octets = 0
        while count < batch.capacity, octets < TUNDevice.readAhead, try fill(&batch[count]) {
            octets += batch[count].length
            count += 1
            if batch[count - 1].segmentSize > 0 { break }
        }
        batch.setCount(count)
    }

    /// Octets after which no more is read at once: a whole superpacket, or 20 Ethernet frames.
    private static let readAhead = 30_000

    /// Reads one packet. Returns false when there is none.
    private func fill(_ slot: inout PacketSlot) throws(Errno) -> Bool {
        slot.reset()
        let leading = VirtioNetHeader.length
        // SAFETY: the headroom holds the vnet header, the slot the longest packet.
        let length = unsafe read(descriptor.rawValue, slot.address - leading, PacketSlot.capacity + leading)
        guard length >= 0 else {
            let error = Errno.current
            if error == .wouldBlock || error == .interrupted { return false }
            throw error
        }
        slot.place(length: length, leading: leading)
        let header = VirtioNetHeader(reading: slot.bytes)
        slot.strip(to: min(leading, length)..<length)
        // A header that makes no sense reads as a superpacket, which the rules refuse by name.
        slot.segmentSize = header.map { $0.segmentation == .none ? 0 : Int(max($0.segmentSize, 1)) } ?? 1
        slot.checksum = header?.checksum ?? .unknown
        return true
    }
}
