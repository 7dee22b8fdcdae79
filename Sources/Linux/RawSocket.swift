// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
public import Wire

/// The one raw socket that protocol 4 leaves and arrives by.
///
/// Unconnected, so that a stranger's packet is seen and counted instead of being answered by the kernel. IP_HDRINCL: we
/// write the outer header. IP_PMTUDISC_OMIT: forged ICMP cannot teach the kernel a path MTU through this socket.
/// IP_RECVERR: ICMP errors about our packets are queued with the packet they quote (``drainErrors()``).
@safe public struct RawSocket: ~Copyable, @unchecked Sendable {
    package let descriptor: Descriptor
    /// One message per slot of a batch, with the one piece of memory and the one address that each needs.
    private let messages: UnsafeMutablePointer<clinux_message>
    private let pieces: UnsafeMutablePointer<iovec>
    private let addresses: UnsafeMutablePointer<sockaddr_in>
    private let capacity: Int
    /// Whose errors are of interest: all instances on a host are told about all protocol 4 packets.
    let watched: Set<IPv4Address>

    /// Errors that ``fill(_:)`` and ``drain(_:)`` met and took from the queue since ``takeErrors()`` was last called.
    var errors = ICMPErrors()

    /// Opens the socket for batches of `capacity` packets. The corresponding C function is `socket`.
    ///
    /// ICMP errors are counted when they are about packets to one of `watched`.
    ///
    /// Requires `CAP_NET_RAW`; with `CAP_NET_ADMIN` the buffers may exceed the system's limit.
    package init(capacity: Int, watching watched: Set<IPv4Address>) throws(Errno) {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Descriptor(owning: try posix(socket(AF_INET, type, Int32(IPPROTO_IPIP))))
        try descriptor.set(IPPROTO_IP, IP_HDRINCL, to: 1)
        try descriptor.set(IPPROTO_IP, IP_MTU_DISCOVER, to: IP_PMTUDISC_OMIT)
        try descriptor.set(IPPROTO_IP, IP_RECVERR, to: 1)
        try descriptor.setBuffer(forced: SO_RCVBUFFORCE, plain: SO_RCVBUF, octets: RawSocket.bufferSize)
        try descriptor.setBuffer(forced: SO_SNDBUFFORCE, plain: SO_SNDBUF, octets: RawSocket.bufferSize)
        self.init(descriptor, capacity: capacity, watched: watched)
    }

    private init(_ descriptor: consuming Descriptor, capacity: Int, watched: Set<IPv4Address>) {
        self.watched = watched
        self.descriptor = descriptor
        self.capacity = capacity
        unsafe messages = .allocate(capacity: capacity)
        unsafe pieces = .allocate(capacity: capacity)
        unsafe addresses = .allocate(capacity: capacity)
        unsafe messages.initialize(repeating: clinux_message(), count: capacity)
        unsafe pieces.initialize(repeating: iovec(), count: capacity)
        unsafe addresses.initialize(repeating: sockaddr_in(), count: capacity)
    }

    deinit {
        // SAFETY: allocated in `init`; trivial types need no deinitialization.
        unsafe messages.deallocate()
        unsafe pieces.deallocate()
        unsafe addresses.deallocate()
    }

    /// The same socket with message buffers of its own, for another thread.
    package func duplicate() throws(Errno) -> RawSocket {
        RawSocket(try descriptor.duplicate(), capacity: capacity, watched: watched)
    }

    /// How long a network that takes nothing is waited for, once a batch: more would only make its queue longer, and the
    /// thread deaf to being stopped.
    private static let patience: Int32 = 10

    /// 4 MiB: a raw socket is charged for whole kernel buffers, about 768 octets for the smallest packet.
    private static let bufferSize: Int32 = 4 << 20
}

extension RawSocket: PacketSource {
    /// Receives the protocol 4 packets that are there, outer header first. The corresponding C function is `recvmmsg`.
    /// - Throws: what makes the socket unusable; never an ICMP error, which goes to the error queue.
    public mutating func fill(_ batch: inout PacketBatch) throws(Errno) {
        batch.removeAll()
        let count = min(batch.capacity, capacity)
        for index in 0..<count {
            batch[index].reset()
            // SAFETY: index < capacity of both; the slot has room for `PacketSlot.capacity` octets at `address`.
            unsafe pieces[index] = iovec(iov_base: batch[index].address, iov_len: PacketSlot.capacity)
            unsafe messages[index].header = msghdr()
            unsafe messages[index].header.msg_iov = pieces + index
            unsafe messages[index].header.msg_iovlen = 1
        }
        let received = try receive(count)
        for index in 0..<received { batch[index].place(length: Int(unsafe messages[index].length)) }
        batch.setCount(received)
    }

    private mutating func receive(_ count: Int) throws(Errno) -> Int {
        while true {
            let flags = Int32(MSG_DONTWAIT)
            let result = unsafe clinux_recvmmsg(descriptor.rawValue, messages, UInt32(count), flags)
            if result >= 0 { return Int(result) }
            let error = Errno(rawValue: -result)
            if [.badDescriptor, .notASocket, .invalidArgument].contains(error) { throw error }
            // Everything else comes from the network or passes. Woken for the error queue alone, there is nothing to
            // receive: poll reports the queue until it is empty.
            try drainErrors()
            if error == .wouldBlock || !error.isAboutEarlierPacket { return 0 }
        }
    }
}

extension RawSocket: PacketSink {
    /// Renders the outer header in front of each pending packet and sends them. The corresponding C function is `sendmmsg`.
    ///
    /// An ICMP error about an earlier packet makes the kernel refuse the next one, which has nothing to do with it: the
    /// queue is drained and that packet tried once more.
    public mutating func drain(_ batch: inout PacketBatch) throws(Errno) {
        var next = 0
        while next < batch.count {
            let (first, staged) = stage(&batch, from: next)
            next = first + staged
            if staged > 0 { try send(&batch, from: first, count: staged) }
        }
    }

    /// Prepares the next run of pending packets: where it starts, and how many follow each other.
    private func stage(_ batch: inout PacketBatch, from start: Int) -> (first: Int, count: Int) {
        var first = start
        while first < batch.count, batch[first].fate != .pending { first += 1 }
        var index = first
        while index < batch.count, index - first < capacity, batch[index].fate == .pending {
            render(&batch[index], at: index - first)
            index += 1
        }
        return (first, index - first)
    }

    private func render(_ slot: inout PacketSlot, at index: Int) {
        guard let fields = slot.outer, let header = OuterHeader(fields, payloadLength: slot.length) else {
            preconditionFailure("a pending packet has outer fields, and the rules checked its length")
        }
        slot.prepend(OuterHeader.length)
        var bytes = slot.mutableBytes
        header.write(to: &bytes)
        // SAFETY: index < capacity, checked by the caller; the slot's memory outlives the call to sendmmsg.
        unsafe pieces[index] = iovec(iov_base: slot.address, iov_len: slot.length)
        unsafe addresses[index] = sockaddr_in(fields.destination)
        unsafe messages[index].header = msghdr()
        unsafe messages[index].header.msg_name = UnsafeMutableRawPointer(addresses + index)
        unsafe messages[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe messages[index].header.msg_iov = pieces + index
        unsafe messages[index].header.msg_iovlen = 1
    }

    private mutating func send(_ batch: inout PacketBatch, from first: Int, count: Int) throws(Errno) {
        var index = first
        var isSecondTry = false
        var hasWaited = false
        while index < first + count {
            let left = UInt32(first + count - index)
            let flags = Int32(MSG_DONTWAIT)
            let result = unsafe clinux_sendmmsg(descriptor.rawValue, messages + (index - first), left, flags)
            if result > 0 {
                for sent in index..<index + Int(result) { finish(&batch[sent], .delivered) }
                index += Int(result)
                isSecondTry = false
                continue
            }
            let error = Errno(rawValue: -result)
            if error == .interrupted { continue }
            if error == .wouldBlock {
                if !hasWaited {
                    hasWaited = true
                    try Poll.waitForRoom(in: descriptor, milliseconds: RawSocket.patience)
                    continue
                }
                for unsent in index..<first + count { finish(&batch[unsent], .failed(error.rawValue)) }
                return
            }
            if error.isAboutEarlierPacket, !isSecondTry {
                try drainErrors()
                isSecondTry = true
                continue
            }
            if error == .badDescriptor { throw error }
            finish(&batch[index], .failed(error.rawValue))
            index += 1
            isSecondTry = false
        }
    }

    /// Takes the outer header off again: what is counted is the inner packet.
    private func finish(_ slot: inout PacketSlot, _ fate: PacketSlot.Fate) {
        slot.strip(to: OuterHeader.length..<slot.length)
        slot.fate = fate
    }
}
