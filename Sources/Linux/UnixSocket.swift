// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Stream and datagram sockets that live in the file system (unix(7)).
package enum UnixSocket {
    /// Listens at `path`, replacing what a dead process left there.
    package static func listen(_ path: String, mode: UInt32) throws(Errno) -> Descriptor {
        Files.remove(path)
        let descriptor = try make(SOCK_STREAM, flags: SOCK_NONBLOCK)
        try posix(unsafe try withAddress(path) { unsafe bind(descriptor.rawValue, $0, $1) })
        try posix(unsafe chmod(path, mode))
        try posix(Glibc.listen(descriptor.rawValue, 16))
        return descriptor
    }

    /// Connects to whoever listens at `path`.
    package static func connect(_ path: String) throws(Errno) -> Descriptor {
        let descriptor = try make(SOCK_STREAM)
        try posix(unsafe try withAddress(path) { unsafe Glibc.connect(descriptor.rawValue, $0, $1) })
        return descriptor
    }

    /// A socket that never waits, for ``connect(_:to:)``.
    package static func client() throws(Errno) -> Descriptor { try make(SOCK_STREAM, flags: SOCK_NONBLOCK) }

    /// Connects such a socket to the listener at `path`. Returns `false` when the listener's queue is full.
    package static func connect(_ client: borrowing Descriptor, to path: String) throws(Errno) -> Bool {
        guard unsafe try withAddress(path, { unsafe Glibc.connect(client.rawValue, $0, $1) }) < 0 else { return true }
        if Errno.current == .wouldBlock { return false }
        throw .current
    }

    /// A datagram socket that sends to `path`; a leading `@` stands for the abstract namespace.
    package static func connectDatagram(_ path: String) throws(Errno) -> Descriptor {
        let descriptor = try make(SOCK_DGRAM)
        try posix(unsafe try withAddress(path) { unsafe Glibc.connect(descriptor.rawValue, $0, $1) })
        return descriptor
    }

    /// Two sockets connected to each other, which keep messages apart and in order (SOCK_SEQPACKET).
    ///
    /// The corresponding C function is `socketpair`.
    package static func pair() throws(Errno) -> Pair {
        var ends: [Int32] = [-1, -1]
        let type = SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue
        try posix(unsafe socketpair(AF_UNIX, Int32(type), 0, &ends))
        return Pair(first: Descriptor(owning: ends[0]), second: Descriptor(owning: ends[1]))
    }

    /// Both ends of a connection.
    package struct Pair: ~Copyable, Sendable {
        package let first: Descriptor
        package let second: Descriptor

        /// The first end alone, as after a fork: our other one is closed.
        package consuming func keepFirst() -> Descriptor { first }

        /// The second end alone: our other one is closed.
        package consuming func keepSecond() -> Descriptor { second }
    }

    private static func make(_ type: __socket_type, flags: __socket_type? = nil) throws(Errno) -> Descriptor {
        let type = type.rawValue | SOCK_CLOEXEC.rawValue | (flags?.rawValue ?? 0)
        return Descriptor(owning: try posix(socket(AF_UNIX, Int32(type), 0)))
    }

    private static func withAddress(
        _ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(Errno) -> Int32 {
        var bytes = Array(path.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Errno(rawValue: ENAMETOOLONG) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        // An abstract name is as long as it is said to be; a path ends with a zero.
        let isAbstract = bytes.first == 0
        let size = MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1)
        return unsafe withUnsafePointer(to: &address) { address in
            // SAFETY: every kind of socket address starts with the same two octets; `size` says where this one ends.
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe call($0, socklen_t(size)) }
        }
    }
}

/// Octets through a connected socket.
extension Descriptor {
    /// The next connection of a listening socket, non-blocking; `nil` when there is none.
    ///
    /// The corresponding C function is `accept4`.
    package func accept() throws(Errno) -> Descriptor? {
        let connection = clinux_accept(rawValue)
        guard connection >= 0 else {
            let error = Errno(rawValue: -connection)
            if error == .wouldBlock || error == .interrupted { return nil }
            throw error
        }
        return Descriptor(owning: connection)
    }

    /// Receives up to `limit` octets: none at the end of the stream, `nil` when there are none yet.
    package func receive(limit: Int) throws(Errno) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(rawValue, &buffer, limit, 0)
        guard count >= 0 else {
            if [.wouldBlock, .interrupted].contains(Errno.current) { return nil }
            throw .current
        }
        return Array(buffer.prefix(count))
    }

    /// The same, without waiting on a socket that does.
    package func receiveNow(limit: Int) throws(Errno) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(rawValue, &buffer, limit, Int32(MSG_DONTWAIT))
        guard count >= 0 else {
            if [.wouldBlock, .interrupted].contains(Errno.current) { return nil }
            throw .current
        }
        return Array(buffer.prefix(count))
    }

    /// Ends a conversation such that the other end still receives all that was sent to it.
    ///
    /// A Unix socket that is closed with something unread breaks the connection (ECONNRESET), and so does one whose other
    /// end writes on. So what has come is thrown away, open files included, after nothing more can come. The corresponding
    /// C functions are `shutdown` and `recvmsg`.
    package func hangUp() {
        shutdown(rawValue, Int32(SHUT_RDWR))
        while true {
            do throws(Errno) {
                guard var rest = try receiveMessage(limit: 4_096), !rest.bytes.isEmpty else { return }
                if let passed = rest.descriptor.take() { passed.closeAtOnce() }
            } catch .messageTooLong {
                continue
            } catch {
                return
            }
        }
    }

    /// Says to the other end that nothing more will come; it may go on. The corresponding C call is `shutdown(SHUT_WR)`.
    package func finishSending() { shutdown(rawValue, Int32(SHUT_WR)) }

    /// Whether the other end of a stream has gone, however much of what it sent is still to be received.
    package var isAbandoned: Bool {
        var octet: UInt8 = 0
        return unsafe recv(rawValue, &octet, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }

    /// Sends what the socket takes without waiting: how many octets, 0 when it takes none now.
    package func send(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(rawValue, $0.baseAddress, $0.count, flags) }
        guard count >= 0 else {
            if [.wouldBlock, .interrupted].contains(Errno.current) { return 0 }
            throw .current
        }
        return count
    }
}
