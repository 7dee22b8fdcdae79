// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
public import Wire

/// The raw socket that protocol 4 leaves by.
///
/// IPPROTO_RAW: we write the outer header, and nothing arrives here, neither packets nor ICMP errors about them, of which
/// each would fail a later send. Only older kernels hand it errors that quote protocol 255, which somebody must have forged.
/// IP_RECVERR: a full queue of the host is an error, not a success.
@safe public struct RawSender: ~Copyable, @unchecked Sendable {
    package let descriptor: Descriptor
    private let messages: Messages
    /// Where each message's packet is put together, or only its head if it is long.
    private let places: UnsafeMutableRawPointer
    /// The slot of the batch that each message belongs to.
    private let owners: UnsafeMutablePointer<Int>
    /// What is written where DF is clear. One count for all destinations is unique for each (RFC 6864 §4.3).
    private var identifications: Identifications
    /// Outer packets sent since ``takeSent()`` was last called.
    private var sent = 0
    /// Whether IPsec policies and routing rules for protocol 4 see what is sent: otherwise the kernel is too old, and they
    /// do not (``ProtocolNote``).
    package let isProtocolKnown: Bool

    /// Opens the socket for batches of `capacity` packets. The corresponding C functions are `socket` and `connect`.
    ///
    /// `local` is an address of this host; `nil` for a socket that will never send. `mark` is set on every packet that leaves, so
    /// that a policy rule can tell the outer packets from those that it routes into the tunnel. Of several sockets each has a
    /// share of the identifications.
    /// Requires `CAP_NET_RAW`; with `CAP_NET_ADMIN` the buffer may exceed the system's limit.
    package init(
        capacity: Int, local: IPv4Address?, mark: PacketMark = .standard, worker index: Int = 0, of workers: Int = 1
    ) throws(Errno) {
        let descriptor = try Descriptor.rawSocket(protocolNumber: Int32(IPPROTO_RAW))
        try descriptor.set(IPPROTO_IP, IP_RECVERR, to: 1)
        try descriptor.set(mark)
        try descriptor.setBuffer(forced: SO_SNDBUFFORCE, plain: SO_SNDBUF, octets: RawSender.bufferSize)
        // Each packet names its own destination. But only for a connected socket does the kernel remember the queue of the
        // network device; for others it dissects every packet to choose one. And rules "from" our address apply, as they do
        // to a tunnel of the kernel.
        if let local { try descriptor.join(local) }
        let isKnown = descriptor.knowsProtocolNote()
        self.init(descriptor, capacity: capacity, Identifications(worker: index, of: workers), isProtocolKnown: isKnown)
    }

    private init(
        _ descriptor: consuming Descriptor, capacity: Int, _ identifications: Identifications, isProtocolKnown: Bool
    ) {
        self.descriptor = descriptor
        self.identifications = identifications
        self.isProtocolKnown = isProtocolKnown
        messages = Messages(capacity: capacity, note: isProtocolKnown ? ProtocolNote(.ipip) : nil)
        unsafe places = .allocate(byteCount: capacity * RawSender.placeStride, alignment: 64)
        unsafe owners = .allocate(capacity: capacity)
        unsafe owners.initialize(repeating: 0, count: capacity)
    }

    deinit {
        // SAFETY: allocated in `init`; plain memory needs no deinitialization.
        unsafe places.deallocate()
        unsafe owners.deallocate()
    }

    /// Packets leave with `local` as their source from now on; `nil` when they have several.
    ///
    /// All duplicates share it. Where it cannot be done, packets leave all the same: only rules "from" see less.
    package func follow(_ local: IPv4Address?) {
        try? descriptor.disconnect()
        if let local { try? descriptor.join(local) }
    }

    /// The same socket with message buffers of its own, for another thread.
    package func duplicate() throws(Errno) -> RawSender {
        RawSender(
            try descriptor.duplicate(), capacity: messages.capacity, identifications, isProtocolKnown: isProtocolKnown)
    }

    /// Outer packets sent since the last call.
    package mutating func takeSent() -> Int {
        defer { sent = 0 }
        return sent
    }

    /// Room for an Ethernet frame; so much more than 2 KiB that places do not share the same few lines of a cache.
    private static let placeStride = 2_112
    private static let bufferSize: Int32 = 4 << 20

    /// How long a network that takes nothing is waited for, once a batch: more would only make its queue longer, and the
    /// thread deaf to being stopped.
    private static let patience: Int32 = 10
    /// How often a packet is tried again that was refused because of an ICMP error about another: each takes a new error.
    private static let attempts = 8
}

extension RawSender: PacketSink {
    /// Renders the outer packets of each pending slot and sends them. The corresponding C function is `sendmmsg`.
    ///
    /// A slot is delivered when all of its outer packets are; after one that was refused, the rest is not tried.
    public mutating func drain(_ batch: inout PacketBatch) throws(Errno) {
        var cursor = Cursor()
        var hasWaited = false
        while true {
            let staged = stage(batch, from: &cursor)
            if staged == 0 { break }
            try send(&batch, count: staged, &hasWaited)
        }
        for index in batch.indices where batch[index].fate == .pending { batch[index].fate = .delivered }
    }

    /// Where rendering goes on: an outer packet of a slot.
    private struct Cursor {
        var slot = 0
        var index = 0
    }

    /// Renders as many outer packets as there are messages. Returns how many; 0 at the end of the batch.
    private mutating func stage(_ batch: borrowing PacketBatch, from cursor: inout Cursor) -> Int {
        var staged = 0
        while cursor.slot < batch.count, staged < messages.capacity {
            let slot = cursor.slot
            if batch[slot].fate == .pending, cursor.index < batch[slot].cut.count(length: batch[slot].length) {
                render(batch[slot], cursor.index, at: staged)
                unsafe owners[staged] = slot
                staged += 1
                cursor.index += 1
            } else {
                cursor = Cursor(slot: slot + 1)
            }
        }
        return staged
    }

    private mutating func render(_ slot: borrowing PacketSlot, _ index: Int, at place: Int) {
        guard let fields = slot.outer else { preconditionFailure("a pending packet has outer fields") }
        if index == 0 || !slot.cut.sharesIdentification { identifications.advance() }
        // SAFETY: place < capacity, kept by `stage`; each has its own stride.
        let memory = unsafe places + place * RawSender.placeStride
        var head = unsafe MutableRawSpan(_unsafeStart: memory, byteCount: Cut.maximumHeadLength)
        let (length, body) = slot.cut.write(
            index, of: slot.bytes, under: fields, identification: identifications.current, to: &head)
        // SAFETY: the body lies within the slot, and both outlive the call to sendmmsg.
        let rest = unsafe UnsafeMutableRawBufferPointer(start: slot.address + body.lowerBound, count: body.count)
        if length + body.count <= RawSender.placeStride {
            // The kernel takes one piece so much faster than two that it is worth a copy from cache to cache.
            let room = unsafe UnsafeMutableRawBufferPointer(start: memory + length, count: body.count)
            unsafe room.copyMemory(from: UnsafeRawBufferPointer(rest))
            let packet = unsafe UnsafeMutableRawBufferPointer(start: memory, count: length + body.count)
            unsafe messages.send(place, packet, to: fields.destination)
        } else {
            let head = unsafe UnsafeMutableRawBufferPointer(start: memory, count: length)
            unsafe messages.send(place, head, then: rest, to: fields.destination)
        }
    }

    private mutating func send(_ batch: inout PacketBatch, count: Int, _ hasWaited: inout Bool) throws(Errno) {
        var next = 0
        var attempts = 0
        while next < count {
            let result = messages.send(to: descriptor, from: next, count: count - next)
            if result > 0 {
                next += Int(result)
                sent += Int(result)
                attempts = 0
                continue
            }
            let error = Errno(rawValue: -result)
            if error == .interrupted { continue }
            if error == .badDescriptor { throw error }
            if error == .wouldBlock, !hasWaited {
                hasWaited = true
                try Poll.waitForRoom(in: descriptor, milliseconds: RawSender.patience)
                continue
            }
            if error == .wouldBlock {
                for place in next..<count { refuse(place, of: &batch, error) }
                return
            }
            if error.isAboutEarlierPacket, attempts < RawSender.attempts {
                attempts += 1
                // Where the host itself says that it is too long, it is.
                if try !forgetErrors() || error != .messageTooLong { continue }
            }
            refuse(next, of: &batch, error)
            next += 1
            attempts = 0
        }
    }

    private func refuse(_ place: Int, of batch: inout PacketBatch, _ error: Errno) {
        // SAFETY: place < capacity, kept by `stage`.
        batch[unsafe owners[place]].fate = .failed(error.rawValue)
    }

    /// Empties the error queue: as long as something is in it, waiting for room ends at once.
    /// - Returns: whether the host itself had refused a packet: what ICMP says of others may carry the same errno.
    private func forgetErrors() throws(Errno) -> Bool {
        var isOurs = false
        for _ in 0..<messages.capacity {
            // SAFETY: no memory at all.
            let memory = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
            guard let queued = try unsafe descriptor.nextError(quote: memory) else { break }
            if queued.report == nil { isOurs = true }
        }
        return isOurs
    }
}
