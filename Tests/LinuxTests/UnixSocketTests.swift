// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

extension Descriptor {
    /// The connection that somebody made already.
    func acceptNow() throws(Errno) -> Descriptor {
        guard let connection = try accept() else { throw .wouldBlock }
        return connection
    }
}

@Suite struct UnixSocketTests {
    @Test func `what one end sends the other receives, until one goes away`() throws {
        try withTemporaryDirectory { directory in
            let listener = try UnixSocket.listen(directory + "/socket", mode: 0o600)
            let isNobodyThere = try listener.accept() == nil
            #expect(isNobodyThere)
            let client = try UnixSocket.connect(directory + "/socket")
            let server = try listener.acceptNow()
            #expect(try server.receive(limit: 10) == nil)
            #expect(try client.send(Array("hello".utf8)[...]) == 5)
            #expect(try server.receive(limit: 3) == Array("hel".utf8))
            #expect(try server.receive(limit: 10) == Array("lo".utf8))
            #expect(try server.send(Array("world".utf8)[2...]) == 3)
            #expect(try client.receive(limit: 10) == Array("rld".utf8))
            _ = consume client
            let isEnded = try eventually { try server.receive(limit: 10) == [] }
            #expect(isEnded)
            #expect(thrown { () throws(Errno) in _ = try server.send([1]) } == Errno(rawValue: EPIPE))
        }
    }

    @Test func `a socket that takes no more says so by 0`() throws {
        try withTemporaryDirectory { directory in
            let listener = try UnixSocket.listen(directory + "/socket", mode: 0o600)
            let client = try UnixSocket.connect(directory + "/socket")
            let server = try listener.acceptNow()
            let block = [UInt8](repeating: 0, count: 65_536)[...]
            var (sent, count) = (0, 0)
            repeat {
                count = try server.send(block)
                sent += count
            } while count > 0
            #expect(sent > 0)
            var received = 0
            while received < sent, let some = try client.receive(limit: 65_536), !some.isEmpty {
                received += some.count
            }
            #expect(received == sent)
            #expect(try server.send(block) > 0)
        }
    }

    @Test(arguments: [0o600, 0o660, 0o666] as [UInt32]) func `the file has the mode that was asked for`(mode: UInt32)
        throws
    {
        try withTemporaryDirectory { directory in
            let listener = try UnixSocket.listen(directory + "/socket", mode: mode)
            var status = stat()
            #expect(unsafe stat(directory + "/socket", &status) == 0)
            #expect(status.st_mode & 0o7777 == mode)
            #expect(fcntl(listener.rawValue, F_GETFD) == FD_CLOEXEC)
        }
    }

    @Test func `listening replaces what a dead process left`() throws {
        try withTemporaryDirectory { directory in
            _ = try UnixSocket.listen(directory + "/socket", mode: 0o600)
            let isRefused = eventually {
                thrown { () throws(Errno) in _ = try UnixSocket.connect(directory + "/socket") } == .connectionRefused
            }
            #expect(isRefused)
            let listener = try UnixSocket.listen(directory + "/socket", mode: 0o600)
            let client = try UnixSocket.connect(directory + "/socket")
            _ = try listener.acceptNow()
            #expect(client.rawValue >= 0)
        }
    }

    @Test func `a path where nobody listens throws why`() {
        #expect(thrown { () throws(Errno) in _ = try UnixSocket.connect("/absent/socket") } == .noSuchFile)
        #expect(thrown { () throws(Errno) in _ = try UnixSocket.connectDatagram("/absent/socket") } == .noSuchFile)
        #expect(thrown { () throws(Errno) in _ = try UnixSocket.listen("/absent/socket", mode: 0o600) } == .noSuchFile)
    }

    @Test(arguments: [
        (107, Errno.noSuchFile), (108, Errno(rawValue: ENAMETOOLONG)), (4096, .init(rawValue: ENAMETOOLONG)),
    ])
    func `a path of up to 107 octets fits`(length: Int, error: Errno) {
        let path = "/absent/" + String(repeating: "x", count: length - 8)
        #expect(thrown { () throws(Errno) in _ = try UnixSocket.connect(path) } == error)
    }

    @Test(arguments: ["path", "abstract"]) func `datagrams go to a path or to an abstract name`(kind: String) throws {
        try withTemporaryDirectory { directory in
            let name = (kind == "path" ? "" : "@") + directory + "/socket"
            let receiver = Descriptor(owning: try posix(socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)))
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let octets = Array(name.utf8).map { $0 == UInt8(ascii: "@") ? 0 : $0 }
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: octets) }
            let size = socklen_t(MemoryLayout<sa_family_t>.size + octets.count + (kind == "path" ? 1 : 0))
            try posix(
                unsafe withUnsafePointer(to: &address) { address in
                    // SAFETY: every kind of socket address starts with the same two octets; `size` says where it ends.
                    unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        unsafe bind(receiver.rawValue, $0, size)
                    }
                })
            let sender = try UnixSocket.connectDatagram(name)
            #expect(try sender.send(Array("READY=1".utf8)[...]) == 7)
            #expect(try receiver.receive(limit: 100) == Array("READY=1".utf8))
        }
    }

    @Test func `who is hung up on still receives all that was sent, whatever it sent itself`() throws {
        try withTemporaryDirectory { directory in
            let listener = try UnixSocket.listen(directory + "/socket", mode: 0o600)
            let client = try UnixSocket.connect(directory + "/socket")
            do {
                let server = try listener.acceptNow()
                _ = try client.send([UInt8](repeating: 7, count: 100_000)[...])
                _ = try client.send([1], with: try Descriptor.open("/dev/null", 0))
                _ = try server.send(Array("no\n".utf8)[...])
                server.hangUp()
                #expect(thrown { () throws(Errno) in _ = try client.send([1]) } == .brokenPipe)
            }
            #expect(try client.receive(limit: 10) == Array("no\n".utf8))
            #expect(try client.receive(limit: 10) == [])
        }
    }
}
