// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// A datagram, or a whole packet of a raw socket, as it arrived.
package struct Arrival: Sendable {
    /// What the socket gives: a raw socket the packet from its IP header on, others what the header carried.
    package let octets: [UInt8]
    /// Who sent it.
    package let source: IPv4Address
    /// The address of ours that it was for; `nil` where the socket does not say (IP_PKTINFO).
    package let destination: IPv4Address?
    /// The number of the link that it came in by; 0 where the socket does not say.
    package let link: Int32
    /// When it came, microseconds of ``Clock/microseconds``: when the kernel got it, if the socket has it write that down.
    package let time: UInt64
}

/// One datagram at a time, for sockets that carry a few.
extension Descriptor {
    /// Sends `octets` to `destination` without waiting; from `source` and by the link of number `link` where they are given.
    ///
    /// A raw or datagram socket with IP_RECVERR fails a call because of an ICMP error about an earlier packet: that one is
    /// tried again. The corresponding C call is `sendmsg` with IP_PKTINFO.
    package func send(
        _ octets: [UInt8], to destination: IPv4Address, port: UInt16 = 0, from source: IPv4Address? = nil,
        by link: Int32? = nil
    ) throws(Errno) {
        if source == nil, link == nil { return try send(octets, to: destination, port: port, control: ()) }
        try send(octets, to: destination, port: port, control: WayControl(source: source, link: link))
    }

    /// The same under a TTL of its own (IP_TTL).
    func send(_ octets: [UInt8], to destination: IPv4Address, from source: IPv4Address, ttl: TTL) throws(Errno) {
        let way = WayControl(source: source, link: nil)
        try send(octets, to: destination, port: 0, control: SteppedControl(way: way, ttl: Int32(ttl.rawValue)))
    }

    /// The same for a packet of a raw socket, of which `note` says what it is.
    func send(_ octets: [UInt8], to destination: IPv4Address, note: ProtocolNote?) throws(Errno) {
        guard let note else { return try send(octets, to: destination) }
        try send(octets, to: destination, port: 0, control: note)
    }

    /// The same with a control message, or with none: `()`.
    private func send(
        _ octets: [UInt8], to destination: IPv4Address, port: UInt16, control: some BitwiseCopyable
    ) throws(Errno) {
        var address = sockaddr_in(destination)
        address.sin_port = port.bigEndian
        var control = control
        var attempt = 0
        while true {
            attempt += 1
            let sent = unsafe withDatagram(octets, &address, &control) { message in
                return unsafe sendmsg(rawValue, &message, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if sent >= 0 { return }
            let error = Errno.current
            guard error == .interrupted || error.isAboutEarlierPacket && attempt < Descriptor.attempts else {
                throw error
            }
        }
    }

    /// How often a packet is tried that is refused because of another, or seems to be.
    private static let attempts = 4

    /// Takes the next datagram, of at most `buffer.count` octets, without waiting; `nil` when there is none.
    ///
    /// One that is longer is cut off. An ICMP error about an earlier packet is passed over: it is in the error queue. The
    /// corresponding C function is `recvmsg`.
    package func receive(into buffer: inout [UInt8]) throws(Errno) -> Arrival? {
        var address = sockaddr_in()
        var control = InlineArray<16, UInt64>(repeating: 0)
        var attempt = 0
        while true {
            attempt += 1
            var controlLength = 0
            let count = unsafe withBuffer(&buffer, &address, &control) { message in
                let count = unsafe recvmsg(rawValue, &message, Int32(MSG_DONTWAIT))
                controlLength = unsafe message.msg_controllen
                return count
            }
            if count >= 0 {
                // SAFETY: integers are plain memory.
                let notes = unsafe withUnsafeBytes(of: control) { control in
                    Notes(unsafe RawSpan(_unsafeBytes: control).extracting(first: min(controlLength, control.count)))
                }
                return Arrival(
                    octets: Array(buffer[..<count]),
                    source: IPv4Address(rawValue: UInt32(bigEndian: address.sin_addr.s_addr)),
                    destination: notes.destination, link: notes.link, time: notes.time)
            }
            let error = Errno.current
            if error == .wouldBlock { return nil }
            guard error == .interrupted || error.isAboutEarlierPacket && attempt < Descriptor.attempts else {
                throw error
            }
        }
    }
}

/// The way that a datagram is to take, as a control message (IP_PKTINFO).
private struct WayControl: BitwiseCopyable {
    let header = ControlHeader(IPPROTO_IP, IP_PKTINFO, content: MemoryLayout<in_pktinfo>.size)
    let link: Int32
    /// The address of ours, and one that the kernel does not read; network byte order.
    let source: UInt32
    let unused: UInt32 = 0
    let padding: UInt32 = 0

    init(source: IPv4Address?, link: Int32?) {
        self.link = link ?? 0
        self.source = (source?.rawValue ?? 0).bigEndian
    }
}

/// Which way a datagram goes, and how far.
private struct SteppedControl: BitwiseCopyable {
    let way: WayControl
    let header = ControlHeader(IPPROTO_IP, IP_TTL, content: MemoryLayout<Int32>.size)
    let ttl: Int32
    let padding: Int32 = 0

    init(way: WayControl, ttl: Int32) { (self.way, self.ttl) = (way, ttl) }
}

/// What the kernel noted about a datagram (cmsg(3)).
private struct Notes {
    var destination: IPv4Address?
    var link: Int32 = 0
    var time = Clock.microseconds

    init(_ control: RawSpan) {
        var next: ControlMessage? = ControlMessage(in: control, at: 0)
        while let message = next {
            read(message, in: control)
            next = ControlMessage(in: control, at: message.end)
        }
    }

    private mutating func read(_ message: ControlMessage, in control: RawSpan) {
        let (start, size) = (message.content.lowerBound, message.content.count)
        switch (message.level, message.type) {
        case (Int32(IPPROTO_IP), IP_PKTINFO) where size >= 12:
            link = Int32(bitPattern: control.number32(at: start))
            destination = IPv4Address(rawValue: control.uint32(at: start + 8))
        case (SOL_SOCKET, SO_TIMESTAMPNS) where size >= 16:
            let stamp = control.number64(at: start) &* 1_000_000 &+ control.number64(at: start + 8) / 1000
            // The kernel's time is that of a clock which may jump: only how long ago it was is used. Whoever is interrupted
            // between the two clocks finds the packet younger than it is, never from before it was asked for.
            let age = Int64(bitPattern: Clock.wall &- stamp)
            if (0..<10_000_000).contains(age) { time = Clock.microseconds &- UInt64(age) }
        default: break
        }
    }
}

/// Runs `call` with a message that is made of `octets`, for `address`, with `control`.
private func withDatagram(
    _ octets: [UInt8], _ address: inout sockaddr_in, _ control: inout some BitwiseCopyable,
    _ call: (inout msghdr) -> Int
) -> Int {
    // SAFETY: all that the message points to lives until `call` has returned; what is sent is only read.
    unsafe octets.withUnsafeBytes { octets in
        var piece = unsafe iovec(
            iov_base: UnsafeMutableRawPointer(mutating: octets.baseAddress), iov_len: octets.count)
        return unsafe withUnsafeMutableBytes(of: &control) { control in
            unsafe withMessage(&piece, &address, control, call)
        }
    }
}

/// The same with room for what arrives.
private func withBuffer(
    _ buffer: inout [UInt8], _ address: inout sockaddr_in, _ control: inout InlineArray<16, UInt64>,
    _ call: (inout msghdr) -> Int
) -> Int {
    // SAFETY: as above.
    unsafe buffer.withUnsafeMutableBytes { buffer in
        var piece = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        return unsafe withUnsafeMutableBytes(of: &control) { control in
            unsafe withMessage(&piece, &address, control, call)
        }
    }
}

private func withMessage(
    _ piece: UnsafeMutablePointer<iovec>, _ address: UnsafeMutablePointer<sockaddr_in>,
    _ control: UnsafeMutableRawBufferPointer, _ call: (inout msghdr) -> Int
) -> Int {
    var message = unsafe msghdr()
    unsafe message.msg_name = UnsafeMutableRawPointer(address)
    unsafe message.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
    unsafe message.msg_iov = piece
    unsafe message.msg_iovlen = 1
    unsafe message.msg_control = control.baseAddress
    unsafe message.msg_controllen = control.count
    return unsafe call(&message)
}
