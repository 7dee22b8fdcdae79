// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Testing

/// Open files through sockets.
extension UnixSocketTests {
    /// How many descriptors this process has open of the file at `path`.
    private func openings(of path: String) throws -> Int {
        try Files.entries("/proc/self/fd").count { Files.linkTarget("/proc/self/fd/\($0)") == path }
    }

    @Test func `messages stay apart, and their order is kept`() throws {
        let pair = try UnixSocket.pair()
        #expect(try pair.first.send([1, 2, 3]) == 3)
        #expect(try pair.first.send([4]) == 1)
        #expect(try pair.second.receive(limit: 10) == [1, 2, 3])
        #expect(try pair.second.receive(limit: 10) == [4])
        #expect(fcntl(pair.first.rawValue, F_GETFD) == FD_CLOEXEC)
    }

    @Test func `an open file arrives with the octets, closed on exec`() throws {
        try withTemporaryDirectory { directory in
            try Files.write(Array("hello".utf8), to: directory + "/file")
            let pair = try UnixSocket.pair()
            let file = try Descriptor.open(directory + "/file", O_RDONLY)
            #expect(try pair.first.send([7, 8], with: file) == 2)
            _ = consume file
            let message = try #require(take(try pair.second.receiveMessage(limit: 10)))
            #expect(message.bytes == [7, 8])
            #expect(Files.linkTarget("/proc/self/fd/\(message.number)") == directory + "/file")
            #expect(fcntl(message.number, F_GETFD) == FD_CLOEXEC)
            close(message.number)
        }
    }

    @Test func `octets alone bring no open file, and the end brings nothing`() throws {
        let pair = try UnixSocket.pair()
        #expect(try pair.first.send([7]) == 1)
        #expect(take(try pair.second.receiveMessage(limit: 10)) == Message(bytes: [7], number: -1))
        let second = pair.keepSecond()
        let isEnded = try eventually {
            take(try second.receiveMessage(limit: 10)) == Message(bytes: [], number: -1)
        }
        #expect(isEnded)
    }

    @Test func `a socket that does not wait says that there is nothing yet`() throws {
        let pair = try UnixSocket.pair()
        try checked(fcntl(pair.second.rawValue, F_SETFL, O_NONBLOCK))
        #expect(take(try pair.second.receiveMessage(limit: 10)) == nil)
    }

    @Test func `a message that is too long is lost with its open file`() throws {
        try withTemporaryDirectory { directory in
            try Files.write([], to: directory + "/file")
            let pair = try UnixSocket.pair()
            let file = try Descriptor.open(directory + "/file", O_RDONLY)
            _ = try pair.first.send([1, 2, 3], with: file)
            #expect(thrown { () throws(Errno) in _ = try pair.second.receiveMessage(limit: 2) } == .messageTooLong)
            #expect(try openings(of: directory + "/file") == 1)
        }
    }

    @Test(arguments: [2, 3, 10, 253]) func `of several open files none is kept, and their message is lost`(
        count: Int
    ) throws {
        try withTemporaryDirectory { directory in
            try Files.write([], to: directory + "/file")
            let pair = try UnixSocket.pair()
            let file = try Descriptor.open(directory + "/file", O_RDONLY)
            try sendMany(count, file, through: pair.first)
            let error = thrown { () throws(Errno) in _ = take(try pair.second.receiveMessage(limit: 10)) }
            #expect(error == .messageTooLong)
            #expect(try openings(of: directory + "/file") == 1)
        }
    }

    /// A connection whose our end would take a minute to be closed: the other end does not read.
    private struct ReluctantConnection: ~Copyable {
        let ours: Descriptor
        let other: Descriptor
    }

    private func reluctantConnection() throws -> ReluctantConnection {
        let listener = Descriptor(owning: try posix(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)))
        try posix(listen(listener.rawValue, 1))
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let ours = Descriptor(owning: try posix(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)))
        try unsafe withUnsafeMutablePointer(to: &address) { pointer in
            // SAFETY: every kind of socket address starts with the same two octets.
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try posix(unsafe getsockname(listener.rawValue, address, &size))
                try posix(unsafe connect(ours.rawValue, address, size))
            }
        }
        let other = Descriptor(owning: try posix(Glibc.accept(listener.rawValue, nil, nil)))
        var patience = linger(l_onoff: 1, l_linger: 60)
        try posix(
            unsafe setsockopt(
                ours.rawValue, SOL_SOCKET, SO_LINGER, &patience, socklen_t(MemoryLayout<linger>.size)))
        try checked(fcntl(ours.rawValue, F_SETFL, O_NONBLOCK))
        let page = [UInt8](repeating: 0, count: 65_536)
        while unsafe write(ours.rawValue, page, page.count) > 0 {}
        try checked(fcntl(ours.rawValue, F_SETFL, 0))
        return ReluctantConnection(ours: ours, other: other)
    }

    /// Sends our end away. Returns the other one, which has to stay.
    private func send(
        _ connection: consuming ReluctantConnection, through socket: borrowing Descriptor
    ) throws -> Descriptor {
        _ = try socket.send([7], with: connection.ours)
        return try connection.other.duplicate()
    }

    /// Closed like any other file it would take a minute.
    @Test func `what is handed over cannot hold up whoever throws it away`() throws {
        let pair = try UnixSocket.pair()
        let listening = try send(try reluctantConnection(), through: pair.first)
        let before = Clock.milliseconds
        pair.second.hangUp()
        #expect(Clock.milliseconds < before + 30_000)
        _ = consume listening
    }

    @Test func `an open file without octets is refused, since a stream would lose it`() throws {
        let pair = try UnixSocket.pair()
        let error = thrown { () throws(Errno) in _ = try pair.first.send([], with: pair.second) }
        #expect(error == .invalidArgument)
    }
}

/// What a message brought, as something to compare.
private struct Message: Equatable {
    let bytes: [UInt8]
    let number: Int32
}

private func take(_ message: consuming ReceivedMessage?) -> Message? {
    guard var message = message.take() else { return nil }
    let bytes = message.bytes
    guard let descriptor = message.descriptor.take() else { return Message(bytes: bytes, number: -1) }
    return Message(bytes: bytes, number: descriptor.release())
}

/// Sends an octet with `count` owners of an open file, as ours never do.
private func sendMany(_ count: Int, _ file: borrowing Descriptor, through socket: borrowing Descriptor) throws {
    let header = MemoryLayout<cmsghdr>.size
    var control = [UInt8](repeating: 0, count: (header + count * 4 + 7) & ~7)
    let number = file.rawValue
    var beginning = cmsghdr()
    beginning.cmsg_len = header + count * 4
    beginning.cmsg_level = SOL_SOCKET
    beginning.cmsg_type = Int32(SCM_RIGHTS)
    let result = unsafe control.withUnsafeMutableBytes { control in
        unsafe control.storeBytes(of: beginning, as: cmsghdr.self)
        for index in 0..<count {
            unsafe control.storeBytes(of: number, toByteOffset: header + index * 4, as: Int32.self)
        }
        var octet: UInt8 = 7
        return unsafe withUnsafeMutableBytes(of: &octet) { octet in
            var piece = unsafe iovec(iov_base: octet.baseAddress, iov_len: 1)
            return unsafe withUnsafeMutablePointer(to: &piece) { piece in
                var message = unsafe msghdr()
                unsafe message.msg_iov = piece
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = control.count
                return unsafe sendmsg(socket.rawValue, &message, 0)
            }
        }
    }
    try posix(result)
}
