// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
public import Wire

/// A TUN device: the kernel's routing writes packets to it, and takes packets from it.
///
/// Opened with IFF_NO_PI (no octets of packet information) and IFF_VNET_HDR (``VirtioNetHeader`` before each packet). A
/// device that did not exist disappears with the last descriptor; one that was made persistent before stays.
public struct TUNDevice: ~Copyable, Sendable {
    package let descriptor: Descriptor
    /// The name the kernel gave it.
    package let name: String
    /// Whether the device was there before, and will stay.
    package let isPersistent: Bool

    /// Creates the device `name`, or attaches to an idle persistent one. The corresponding C call is `ioctl(TUNSETIFF)`.
    ///
    /// Requires `CAP_NET_ADMIN`, or an existing device that belongs to this user.
    /// - Throws: `Errno.noSuchFile` without /dev/net/tun, `Errno.busy` when somebody uses the device,
    ///   `Errno.invalidArgument` when the name belongs to another kind of interface.
    package init(name: String) throws(Errno) {
        let descriptor = try Descriptor.open(TUNDevice.path, O_RDWR | O_NONBLOCK)
        let flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
        let attached = try TUNDevice.attach(descriptor, name: name, flags: Int32(flags))
        let isPersistent = try checked(clinux_tun_flags(descriptor.rawValue)) & Int32(IFF_PERSIST) != 0
        try checked(clinux_tun_set_little_endian(descriptor.rawValue))
        try TUNDevice.offload(from: descriptor)
        self.init(descriptor, name: attached, isPersistent: isPersistent)
    }

    private init(_ descriptor: consuming Descriptor, name: String, isPersistent: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.isPersistent = isPersistent
    }

    /// Lets the kernel leave the last checksum, and the cutting of TCP streams, to us: 64 KiB then take one read.
    ///
    /// The corresponding C call is `ioctl(TUNSETOFFLOAD)`. Kernels refuse what they do not know, so less and less is asked.
    private static func offload(from descriptor: borrowing Descriptor) throws(Errno) {
        for offloads in [TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN, TUN_F_CSUM | TUN_F_TSO4, TUN_F_CSUM] {
            if clinux_tun_set_offload(descriptor.rawValue, UInt32(offloads)) >= 0 { return }
        }
        try checked(clinux_tun_set_offload(descriptor.rawValue, 0))
    }

    /// The same device, for another thread.
    package func duplicate() throws(Errno) -> TUNDevice {
        TUNDevice(try descriptor.duplicate(), name: name, isPersistent: isPersistent)
    }

    /// Sees whether the driver is there and lets us in, without making a device.
    package static func checkDriver() throws(Errno) { _ = try Descriptor.open(path, O_RDWR) }

    /// Where the kernel offers TUN devices.
    package static let path = "/dev/net/tun"

    /// Octets of a device name, the closing zero included (IFNAMSIZ).
    private static let nameSize = 16

    private static func attach(
        _ descriptor: borrowing Descriptor, name: String, flags: Int32
    ) throws(Errno) -> String {
        var buffer = name.utf8.prefix(nameSize - 1).map { CChar(bitPattern: $0) }
        buffer += [CChar](repeating: 0, count: nameSize - buffer.count)
        try checked(unsafe clinux_tun_attach(descriptor.rawValue, &buffer, flags))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension TUNDevice: PacketSource {
    /// Reads the packets that the kernel routed into the device, until there are no more or the batch is full.
    ///
    /// The corresponding C function is `read`, once per packet: TUN devices have no batch call.
    /// - Throws: `Errno.descriptorState` when the device was deleted.
    public mutating func fill(_ batch: inout PacketBatch) throws(Errno) {
        batch.removeAll()
        var count = 0
        while count < batch.capacity, try fill(&batch[count]) { count += 1 }
        batch.setCount(count)
    }

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

extension TUNDevice: PacketSink {
    /// Hands the packets to the kernel, which routes them as if they had arrived on a wire.
    ///
    /// The corresponding C function is `write`, once per packet.
    /// - Throws: `Errno.descriptorState` when the device was deleted.
    public mutating func drain(_ batch: inout PacketBatch) throws(Errno) {
        for index in batch.indices where batch[index].fate == .pending { try drain(&batch[index]) }
    }

    private func drain(_ slot: inout PacketSlot) throws(Errno) {
        let leading = VirtioNetHeader.length
        let header = VirtioNetHeader(
            checksum: slot.checksum, segmentation: slot.segmentSize > 0 ? .tcp4 : .none,
            segmentSize: UInt16(slot.segmentSize))
        slot.prepend(leading)
        var bytes = slot.mutableBytes
        header.write(to: &bytes)
        // SAFETY: the slot holds `length` octets at `address`.
        let written = unsafe write(descriptor.rawValue, slot.address, slot.length)
        let error = written < 0 ? Errno.current : nil
        slot.strip(to: leading..<slot.length)
        guard let error else {
            slot.fate = .delivered
            return
        }
        if error == .descriptorState { throw error }
        slot.fate = .failed(error.rawValue)
    }
}
