// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// A socket that asks hosts whether they are there, by ICMP echo.
///
/// Only opening it needs privilege: sending and receiving are `sendmsg` and `recvmsg`. Unconnected, so that one socket asks
/// everybody, through the tunnel and beside it: each question names its link and its source.
package struct EchoSocket: ~Copyable, Sendable {
    /// What ours are told by: others get none of our answers, and we none of theirs.
    package let identifier: UInt16
    package let descriptor: Descriptor
    private let kind: Kind
    private var buffer: [UInt8]

    /// What the kernel lets the caller have.
    package enum Kind: Sendable {
        /// Requires `CAP_NET_RAW`.
        case raw
        /// For ordinary users, those of the groups in `net.ipv4.ping_group_range`. The kernel chooses the identifier.
        case datagram
    }

    /// What the socket is to do beside asking.
    package struct Options: Sendable {
        package var kind = Kind.raw
        /// Whether questions may be cut on their way. `.forbidden` sets DF and heeds no path MTU that was learned: what the
        /// link takes is sent.
        package var fragmentation = OuterFields.Fragmentation.allowed
        /// The mark for rules (SO_MARK); requires `CAP_NET_ADMIN`, or `CAP_NET_RAW` since Linux 5.17.
        package var mark: UInt32?
        /// Whether ICMP errors about our questions are kept for ``EchoSocket/nextError()``.
        package var errors = Errors.ignored
        /// Who takes the time of answers.
        package var timing = Timing.reader

        package init() {}
    }

    /// What becomes of ICMP errors.
    package enum Errors: Sendable { case ignored, queued }

    /// Whose clock is read when something arrives.
    package enum Timing: Sendable {
        /// That of whoever receives: it costs nothing.
        case reader
        /// The kernel's, at once: more exact, but the kernel then takes the time of every packet of the host.
        case kernel
    }

    /// An answer.
    package struct Reply: Equatable, Sendable {
        package let echo: ICMPEcho
        /// Who answered.
        package let source: IPv4Address
        /// The address of ours that was answered to.
        package let destination: IPv4Address?
        /// The number of the link that it came in by: the tunnel's device, or another.
        package let link: Int32
        /// When, microseconds of ``Clock/microseconds``.
        package let time: UInt64
    }

    /// An ICMP error about a question.
    package struct Failure: Equatable, Sendable {
        package let report: ICMPReport
        /// Which question it was.
        package let sequence: UInt16
    }

    /// Opens the socket. The corresponding C functions are `socket` and `setsockopt(ICMP_FILTER)`.
    ///
    /// - Throws: `Errno.notPermitted` or `Errno.permissionDenied` when the caller may not.
    package init(_ options: Options = Options()) throws(Errno) {
        let type = options.kind == .raw ? SOCK_RAW : SOCK_DGRAM
        let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = Descriptor(owning: try posix(socket(AF_INET, flags, Int32(IPPROTO_ICMP))))
        let discovery = options.fragmentation == .forbidden ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT
        try descriptor.set(IPPROTO_IP, IP_MTU_DISCOVER, to: discovery)
        try descriptor.set(IPPROTO_IP, IP_PKTINFO, to: 1)
        // Thousands of peers may reply at once.
        try descriptor.setBuffer(forced: SO_RCVBUFFORCE, plain: SO_RCVBUF, octets: 4 << 20)
        if let mark = options.mark { try descriptor.set(SOL_SOCKET, SO_MARK, to: Int32(bitPattern: mark)) }
        if options.errors == .queued { try descriptor.set(IPPROTO_IP, IP_RECVERR, to: 1) }
        if options.timing == .kernel { try descriptor.set(SOL_SOCKET, SO_TIMESTAMPNS, to: 1) }
        let identifier: UInt16
        switch options.kind {
        case .raw:
            identifier = .random(in: 1 ... .max)
            try descriptor.admitEchoReplies(for: identifier)
        case .datagram: identifier = try descriptor.claimIdentifier()
        }
        self.init(descriptor, options.kind, identifier)
    }

    private init(_ descriptor: consuming Descriptor, _ kind: Kind, _ identifier: UInt16) {
        self.descriptor = descriptor
        self.kind = kind
        self.identifier = identifier
        buffer = [UInt8](repeating: 0, count: IPv4Packet.maximumLength)
    }
}

/// Asking and listening.
extension EchoSocket {
    /// A question of this socket.
    package func request(_ sequence: UInt16, payload: [UInt8]) -> ICMPEcho {
        ICMPEcho(.request, identifier: identifier, sequence: sequence, payload: payload)
    }

    /// Sends `request` to `destination` without waiting; from `source` and by the link of number `link` where they are given.
    ///
    /// The corresponding C function is `sendmsg`.
    /// - Throws: why this host does not send it, such as `Errno.messageTooLong` where DF is set.
    package func send(
        _ request: ICMPEcho, to destination: IPv4Address, from source: IPv4Address? = nil, by link: Int32? = nil
    ) throws(Errno) {
        try descriptor.send(request.message, to: destination, from: source, by: link)
    }

    /// The next reply with our identifier that is well formed, without waiting; `nil` when there is none, or after many that
    /// are not. Who asks has to compare it with what was asked. The corresponding C function is `recvmsg`.
    package mutating func receive() throws(Errno) -> Reply? {
        for _ in 0..<EchoSocket.patience {
            guard let arrival = try descriptor.receive(into: &buffer) else { return nil }
            guard let echo = echo(in: arrival.octets), echo.kind == .reply, echo.identifier == identifier else {
                continue
            }
            return Reply(
                echo: echo, source: arrival.source, destination: arrival.destination, link: arrival.link,
                time: arrival.time)
        }
        return nil
    }

    /// The next ICMP error about a question of this socket, without waiting; `nil` when there is none, or after many about
    /// others. The corresponding C call is `recvmsg(MSG_ERRQUEUE)`.
    package mutating func nextError() throws(Errno) -> Failure? {
        for _ in 0..<EchoSocket.patience {
            guard let queued = try descriptor.nextError(quote: &buffer) else { return nil }
            // The quote starts behind the IP header; the kernel has checked nothing in it.
            guard let report = queued.report, queued.quoteLength >= ICMPEcho.headerLength,
                buffer[0] == ICMPEcho.Kind.request.rawValue, buffer.octets.uint16(at: 4) == identifier
            else { continue }
            return Failure(report: report, sequence: buffer.octets.uint16(at: 6))
        }
        return nil
    }

    private func echo(in octets: [UInt8]) -> ICMPEcho? {
        guard kind == .raw else { return ICMPEcho(message: octets.octets) }
        guard let packet = try? IPv4Packet(octets.octets) else { return nil }
        return ICMPEcho(in: packet)
    }

    /// How many packets that are none of ours are passed over before the caller is given a chance to do something else.
    private static let patience = 64
}

extension Descriptor {
    /// Lets only echo replies through, and of those only ours: no other ping on this host wakes us.
    fileprivate func admitEchoReplies(for identifier: UInt16) throws(Errno) {
        // ICMP_FILTER of linux/icmp.h, which does not go together with the C library's: a bit for each type to be kept out.
        try set(SOL_RAW, 1, to: Int32(bitPattern: ~(1 << UInt32(ICMPEcho.Kind.reply.rawValue))))
        let program: [(code: Int32, jumpIfFalse: UInt8, value: UInt32)] = [
            (BPF_LDX | BPF_B | BPF_MSH, 0, 0),  // the length of the IP header
            (BPF_LD | BPF_H | BPF_IND, 0, 4),  // the identifier behind it
            (BPF_JMP | BPF_JEQ, 1, UInt32(identifier)),
            (BPF_RET, 0, 0x4_0000),  // accept: all of it
            (BPF_RET, 0, 0),  // refuse
        ]
        try attach(program.map { sock_filter(code: UInt16($0.code), jt: 0, jf: $0.jumpIfFalse, k: $0.value) })
    }

    /// Has the kernel choose an identifier, which it treats as a port.
    fileprivate func claimIdentifier() throws(Errno) -> UInt16 {
        try posix(unsafe withSocketAddress(.unspecified) { unsafe Glibc.bind(rawValue, $0, $1) })
        return try localPort
    }

    /// The port that a bound socket has. The corresponding C function is `getsockname`.
    var localPort: UInt16 {
        get throws(Errno) {
            var address = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = unsafe withUnsafeMutablePointer(to: &address) { address in
                // SAFETY: as for every socket address of IPv4.
                unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe getsockname(rawValue, $0, &size)
                }
            }
            try posix(result)
            return UInt16(bigEndian: address.sin_port)
        }
    }
}
