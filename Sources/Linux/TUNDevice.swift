// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Wire

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

    /// How many packets a batch may have.
    private let capacity: Int
    private let offload: Offload
    /// What the kernel takes as one.
    var kinds: Coalescing.Kinds
    var coalescing: Coalescing
    var gathering: Gathering
    /// Where the headers of a superpacket are written.
    var head = PacketBatch(capacity: 1)
    /// Superpackets made since ``takeCoalesced()`` was last called.
    var coalesced = 0

    /// Creates the device `name`, or attaches to an idle persistent one, for batches of `capacity` packets.
    ///
    /// The corresponding C call is `ioctl(TUNSETIFF)`. Requires `CAP_NET_ADMIN`, or an existing device that belongs to this user.
    /// - Throws: `Errno.noSuchFile` without /dev/net/tun, `Errno.busy` when somebody uses the device, or when it
    ///   exists although it is to have several queues,
    ///   `Errno.invalidArgument` when the name belongs to another kind of interface.
    package init(
        name: String, capacity: Int = 64, queues: Queues = .one, offload: Offload = .auto
    ) throws(Errno) {
        let descriptor = try Descriptor.open(TUNDevice.path, O_RDWR | O_NONBLOCK)
        let attached = try TUNDevice.attach(descriptor, name: name, queues)
        let isPersistent = try checked(clinux_tun_flags(descriptor.rawValue)) & Int32(IFF_PERSIST) != 0
        try checked(clinux_tun_set_little_endian(descriptor.rawValue))
        let kinds = try TUNDevice.offload(offload, from: descriptor)
        self.init(descriptor, name: attached, isPersistent: isPersistent, offload, kinds, capacity)
    }

    private init(
        _ descriptor: consuming Descriptor, name: String, isPersistent: Bool, _ offload: Offload,
        _ kinds: Coalescing.Kinds, _ capacity: Int
    ) {
        self.descriptor = descriptor
        self.name = name
        self.isPersistent = isPersistent
        self.offload = offload
        self.kinds = kinds
        self.capacity = capacity
        coalescing = Coalescing(capacity: capacity)
        gathering = Gathering(capacity: capacity + 1)
    }

    /// Lets the kernel leave the last checksum, and the cutting of TCP streams and of runs of UDP datagrams, to us: 64 KiB
    /// then take one read.
    ///
    /// The corresponding C call is `ioctl(TUNSETOFFLOAD)`. Kernels refuse what they do not know, so less and less is asked;
    /// UDP came with Linux 6.2, for both IP versions at once or for none.
    /// - Returns: what may be written to it in one piece.
    private static func offload(
        _ offload: Offload, from descriptor: borrowing Descriptor
    ) throws(Errno) -> Coalescing.Kinds {
        if case .off = offload {
            try checked(clinux_tun_set_offload(descriptor.rawValue, 0))
            return []
        }
        let streams = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN
        if accepts(streams | TUN_F_USO4 | TUN_F_USO6, descriptor) { return [.streams, .datagrams] }
        for fewer in [streams, TUN_F_CSUM | TUN_F_TSO4, TUN_F_CSUM] where accepts(fewer, descriptor) { return .streams }
        try checked(clinux_tun_set_offload(descriptor.rawValue, 0))
        return .streams
    }

    private static func accepts(_ offloads: Int32, _ descriptor: borrowing Descriptor) -> Bool {
        clinux_tun_set_offload(descriptor.rawValue, UInt32(offloads)) >= 0
    }

    /// Whether the kernel and we hand each other several packets as one.
    package enum Offload: Sendable {
        /// As much as the kernel knows.
        case auto
        /// Never: each packet is read and written as it is on the wire, its checksum finished.
        case off
    }

    /// How many threads read from a device, each its own packets.
    package enum Queues: Sendable {
        /// One, the usual.
        case one
        /// The first of several. The device must be new: the kernel lets any number of programs read from one with several
        /// queues, each a part of its packets, and calls none of them busy.
        case several
        /// One more. The kernel keeps the packets of a flow in one queue, but for the moment at which the first answer
        /// arrives by another.
        case another

        fileprivate var flags: Int32 {
            switch self {
            case .one: 0
            case .several: Int32(IFF_MULTI_QUEUE) | Int32(IFF_TUN_EXCL)
            case .another: Int32(IFF_MULTI_QUEUE)
            }
        }
    }

    /// The same device, for another thread.
    package func duplicate() throws(Errno) -> TUNDevice {
        TUNDevice(try descriptor.duplicate(), name: name, isPersistent: isPersistent, offload, kinds, capacity)
    }

    /// Another queue of a device that has several: the kernel spreads flows over them. Requires `CAP_NET_ADMIN`.
    package func nextQueue() throws(Errno) -> TUNDevice {
        try TUNDevice(name: name, capacity: capacity, queues: .another, offload: offload)
    }

    /// Sees whether the driver is there and lets us in, without making a device.
    package static func checkDriver() throws(Errno) { _ = try Descriptor.open(path, O_RDWR) }

    /// Where the kernel offers TUN devices.
    package static let path = "/dev/net/tun"

    /// Octets of a device name, the closing zero included (IFNAMSIZ).
    private static let nameSize = 16

    private static func attach(
        _ descriptor: borrowing Descriptor, name: String, _ queues: Queues
    ) throws(Errno) -> String {
        let flags = Int32(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR) | queues.flags
        var buffer = name.utf8.prefix(nameSize - 1).map { CChar(bitPattern: $0) }
        buffer += [CChar](repeating: 0, count: nameSize - buffer.count)
        try checked(unsafe clinux_tun_attach(descriptor.rawValue, &buffer, flags))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
