// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// A look at protocol 4 beside a tunnel, for whoever wants to know what becomes of it: sends packets of its own, sees a copy
/// of the ICMP that one peer sends inside of it, and hears what the network says about any of it.
package struct UnderlaySocket: ~Copyable, Sendable {
    package let descriptor: Descriptor
    private let note: ProtocolNote?
    private var buffer = [UInt8](repeating: 0, count: IPv4Packet.maximumLength)

    /// Opens the socket for what comes from `peer`: ICMP inside of protocol 4; and, where `local` is given, the headers of
    /// all that is sent to another address of this host. Requires `CAP_NET_RAW`.
    package init(peer: IPv4Address, local: IPv4Address? = nil, mark: PacketMark = .standard) throws(Errno) {
        let descriptor = try Descriptor.rawSocket()
        // Without a local address the comparison is skipped, whatever the destination is.
        let other: UInt8 = local == nil ? 0 : 2
        let program: [(code: Int32, then: UInt8, otherwise: UInt8, value: UInt32)] = [
            (BPF_LD | BPF_W | BPF_ABS, 0, 0, 12),  // the outer source
            (BPF_JMP | BPF_JEQ, 0, 6, peer.rawValue),
            (BPF_LD | BPF_W | BPF_ABS, 0, 0, 16),  // the outer destination
            (BPF_JMP | BPF_JEQ, 0, other, local?.rawValue ?? 0),
            (BPF_LD | BPF_B | BPF_ABS, 0, 0, 29),  // the inner protocol; outer options are not looked for
            (BPF_JMP | BPF_JEQ, 1, 2, UInt32(IPProtocol.icmp.rawValue)),
            (BPF_RET, 0, 0, 64),  // accept: the headers
            (BPF_RET, 0, 0, 0x4_0000),  // accept: all of it
            (BPF_RET, 0, 0, 0),  // refuse
        ]
        try descriptor.attach(
            program.map { sock_filter(code: UInt16($0.code), jt: $0.then, jf: $0.otherwise, k: $0.value) })
        try descriptor.set(IPPROTO_IP, IP_RECVERR, to: 1)
        try? descriptor.set(mark)
        note = descriptor.knowsProtocolNote() ? ProtocolNote(.ipip) : nil
        self.descriptor = descriptor
    }

    /// Sends `inner` in an outer packet, as a tunnel would. The corresponding C function is `sendmsg`.
    package func send(_ inner: [UInt8], from local: IPv4Address, to peer: IPv4Address) throws(Errno) {
        // Total length, checksum: the kernel writes them. DF, as tunnels do by default.
        var outer: [UInt8] = [0x45, 0, 0, 0, 0, 0, 0x40, 0, TTL.standard.rawValue, IPProtocol.ipip.rawValue, 0, 0]
        for address in [local, peer] {
            outer += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.rawValue >> $0) }
        }
        try descriptor.send(outer + inner, to: peer, note: note)
    }

    /// A packet of the peer.
    package struct Arrival: Equatable, Sendable {
        /// The outer destination.
        package let destination: IPv4Address
        /// The inner packet, of which only the start may be there.
        package let inner: [UInt8]
    }

    /// The next packet that arrived, without waiting; `nil` when there is none. The corresponding C function is `recvmsg`.
    package mutating func receive() throws(Errno) -> Arrival? {
        guard let arrival = try descriptor.receive(into: &buffer) else { return nil }
        let octets = arrival.octets
        guard octets.count >= IPv4Packet.minimumHeaderLength else { return nil }
        let destination = octets[octets.startIndex + 16..<octets.startIndex + 20].reduce(UInt32(0)) {
            $0 << 8 | UInt32($1)
        }
        return Arrival(
            destination: IPv4Address(rawValue: destination),
            inner: Array(octets.dropFirst(IPv4Packet.minimumHeaderLength)))
    }

    /// The next ICMP error about a protocol 4 packet of this host to `peer`, without waiting; `nil` when there is none, or
    /// after many about others.
    package mutating func nextError(about peer: IPv4Address) throws(Errno) -> ICMPReport? {
        for _ in 0..<UnderlaySocket.patience {
            guard let queued = try descriptor.nextError(quote: &buffer) else { return nil }
            guard let report = queued.report, queued.quoteLength >= IPv4Packet.minimumHeaderLength,
                buffer.octets.uint32(at: 16) == peer.rawValue
            else { continue }
            return report
        }
        return nil
    }

    private static let patience = 256
}

/// A datagram socket that asks ports where nobody listens: the answer is an ICMP error of the host itself.
package struct ClosedPortSocket: ~Copyable, Sendable {
    package let descriptor: Descriptor
    private var buffer = [UInt8](repeating: 0, count: 2_048)

    /// Opens the socket. Needs no privilege.
    package init() throws(Errno) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = Descriptor(owning: try posix(socket(AF_INET, type, 0)))
        try descriptor.set(IPPROTO_IP, IP_RECVERR, to: 1)
        self.descriptor = descriptor
    }

    /// Sends a datagram without waiting. The corresponding C function is `sendmsg`.
    package func send(
        _ octets: [UInt8], to destination: IPv4Address, port: UInt16, from source: IPv4Address?, by link: Int32?
    ) throws(Errno) {
        try descriptor.send(octets, to: destination, port: port, from: source, by: link)
    }

    /// What came back: an ICMP error, or, where somebody listens after all, an answer; `nil` when nothing did.
    package mutating func next() throws(Errno) -> Outcome? {
        if let queued = try descriptor.nextError(quote: &buffer) { return queued.report.map(Outcome.error) }
        return try descriptor.receive(into: &buffer).map { .answer(from: $0.source) }
    }

    /// What a datagram draws.
    package enum Outcome: Equatable, Sendable {
        case error(ICMPReport)
        case answer(from: IPv4Address)
    }
}

extension Descriptor {
    /// The same, with what is quoted at the start of `buffer`.
    func nextError(quote buffer: inout [UInt8]) throws(Errno) -> QueuedError? {
        var error: Errno?
        let queued: QueuedError? = unsafe buffer.withUnsafeMutableBytes { memory in
            do throws(Errno) {
                return try unsafe nextError(quote: memory)
            } catch let reason {
                error = reason
                return nil
            }
        }
        if let error { throw error }
        return queued
    }
}
