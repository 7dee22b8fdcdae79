// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
public import Wire

/// The raw socket that protocol 4 arrives at, and what the network says about what we sent.
///
/// Unconnected, so that a stranger's packet is seen and counted instead of being answered by the kernel. IP_RECVERR: ICMP
/// errors about our packets are queued with the packet that they quote, from its outer header on because of IP_HDRINCL.
/// IP_PMTUDISC_OMIT: forged ICMP cannot teach the kernel a path MTU through this socket.
public struct RawReceiver: ~Copyable, Sendable {
    package let descriptor: Descriptor
    private let messages: Messages

    /// Opens the socket of worker `index` of `workers`, for batches of `capacity` packets. Each takes the packets of its
    /// own flows; ICMP errors, which every socket would get, are for worker 0 alone.
    ///
    /// The corresponding C function is `socket`. Requires `CAP_NET_RAW`; with `CAP_NET_ADMIN` the buffer may exceed the
    /// system's limit.
    package init(
        capacity: Int, mark: PacketMark = .standard, worker index: Int = 0, of workers: Int = 1
    ) throws(Errno) {
        let descriptor = try Descriptor.rawSocket()
        // Nothing is sent by it; if anything ever were, rules for outer packets would see it.
        try descriptor.set(mark)
        if workers > 1 { try descriptor.attach(FlowFilter.program(worker: index, of: workers)) }
        if index == 0 { try descriptor.set(IPPROTO_IP, IP_RECVERR, to: 1) }
        try descriptor.setBuffer(forced: SO_RCVBUFFORCE, plain: SO_RCVBUF, octets: RawReceiver.bufferSize)
        self.init(descriptor, capacity: capacity)
    }

    private init(_ descriptor: consuming Descriptor, capacity: Int) {
        self.descriptor = descriptor
        messages = Messages(capacity: capacity)
    }

    /// The same socket with message buffers of its own, for another thread.
    package func duplicate() throws(Errno) -> RawReceiver {
        RawReceiver(try descriptor.duplicate(), capacity: messages.capacity)
    }

    /// 4 MiB: a raw socket is charged for whole kernel buffers, about 768 octets for the smallest packet.
    private static let bufferSize: Int32 = 4 << 20
}

extension RawReceiver: PacketSource {
    /// Receives the protocol 4 packets that are there, outer header first. The corresponding C function is `recvmmsg`.
    /// - Throws: what makes the socket unusable; never an ICMP error, which goes to the error queue.
    public mutating func fill(_ batch: inout PacketBatch) throws(Errno) {
        batch.removeAll()
        let count = min(batch.capacity, messages.capacity)
        for index in 0..<count {
            batch[index].reset()
            // SAFETY: the slot has room for `PacketSlot.capacity` octets at `address`, as long as the batch lives.
            unsafe messages.receive(index, into: batch[index].address, room: PacketSlot.capacity)
        }
        let received = try receive(count)
        for index in 0..<received {
            batch[index].place(length: messages.length(index))
        }
        batch.setCount(received)
    }

    /// An ICMP error makes one call fail, and has nothing to do with what is there to receive.
    private func receive(_ count: Int) throws(Errno) -> Int {
        for _ in 0..<2 {
            let result = messages.receive(from: descriptor, count: count)
            if result >= 0 { return Int(result) }
            let error = Errno(rawValue: -result)
            if [.badDescriptor, .notASocket, .invalidArgument].contains(error) { throw error }
            if !error.isAboutEarlierPacket { return 0 }
        }
        return 0
    }
}

extension RawReceiver {
    /// The next ICMP error about a packet that was sent by this host, which is put into `quote` as far as it is known.
    ///
    /// `nil` when there is none. Errors of the host itself are passed over: they were returned to whoever was sending.
    /// The corresponding C call is `recvmsg(MSG_ERRQUEUE)`.
    package func nextError(quote: inout PacketSlot) throws(Errno) -> ICMPReport? {
        while true {
            quote.reset()
            // SAFETY: the slot has room for `PacketSlot.capacity` octets at `address`.
            let memory = unsafe UnsafeMutableRawBufferPointer(start: quote.address, count: PacketSlot.capacity)
            guard let queued = try unsafe descriptor.nextError(quote: memory) else { return nil }
            quote.place(length: queued.quoteLength)
            if let report = queued.report { return report }
        }
    }

    /// Packets that the kernel dropped because nobody received them in time, since the socket was opened.
    ///
    /// The same number as in the last column of /proc/net/raw. The corresponding C call is `getsockopt(SO_MEMINFO)`.
    package var overflows: UInt64 {
        get throws(Errno) {
            // Nine numbers, the last of which are the drops (Linux, `SK_MEMINFO_DROPS`).
            var info = [UInt32](repeating: 0, count: 9)
            var size = socklen_t(info.count * 4)
            try posix(unsafe getsockopt(descriptor.rawValue, SOL_SOCKET, SO_MEMINFO, &info, &size))
            return UInt64(info[8])
        }
    }
}

extension Descriptor {
    /// A socket that neither chooses headers for us nor learns from forged ICMP. Requires `CAP_NET_RAW`.
    static func rawSocket(protocolNumber: Int32 = Int32(IPPROTO_IPIP)) throws(Errno) -> Descriptor {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Descriptor(owning: try posix(socket(AF_INET, type, protocolNumber)))
        try descriptor.set(IPPROTO_IP, IP_HDRINCL, to: 1)
        try descriptor.set(IPPROTO_IP, IP_MTU_DISCOVER, to: IP_PMTUDISC_OMIT)
        return descriptor
    }
}
