// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
@testable import iptund

/// Each in a process of its own: the environment belongs to the process.
@Suite struct SupervisorTests {
    /// A socket as systemd makes it; its name comes back in `name`, as NOTIFY_SOCKET would have it.
    static func listener(_ name: String) throws(Errno) -> Descriptor {
        let listener = Descriptor(owning: try posix(socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = Array(name.utf8).map { $0 == UInt8(ascii: "@") ? 0 : $0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: octets) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + octets.count)
        let result = unsafe withUnsafePointer(to: &address) { address in
            // SAFETY: every kind of socket address starts with the same two octets; `size` says where this one ends.
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener.rawValue, $0, size)
            }
        }
        try posix(result)
        return listener
    }

    /// The next message, which was sent already.
    static func next(_ listener: borrowing Descriptor) throws -> String {
        String(decoding: try #require(try listener.receive(limit: 4096)), as: UTF8.self)
    }

    @Test(arguments: ["", "@"]) func `it hears that we are ready, and that we stop`(prefix: String) async {
        await #expect(processExitsWith: .success) { [prefix] in
            try withTemporaryDirectory { directory in
                let name = "\(prefix)\(directory)/notify"
                let listener = try SupervisorTests.listener(name)
                unsafe setenv("NOTIFY_SOCKET", name, 1)
                let supervisor = Supervisor()
                supervisor.ready("a to b")
                #expect(try SupervisorTests.next(listener) == "READY=1\nSTATUS=a to b")
                supervisor.stopping()
                #expect(try SupervisorTests.next(listener) == "STOPPING=1")
            }
        }
    }

    @Test func `a line that others had a hand in cannot say anything else to it`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                let listener = try SupervisorTests.listener("\(directory)/notify")
                unsafe setenv("NOTIFY_SOCKET", "\(directory)/notify", 1)
                let supervisor = Supervisor()
                supervisor.status("to b\nMAINPID=1")
                #expect(try SupervisorTests.next(listener) == "STATUS=to b\\u{A}MAINPID=1")
                supervisor.ready("to b\nMAINPID=1")
                #expect(try SupervisorTests.next(listener) == "READY=1\nSTATUS=to b\\u{A}MAINPID=1")
                let isThere = supervisor.isThere
                #expect(isThere)
            }
        }
    }

    @Test func `that we are ready is heard where many others have something to say at that moment`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                let name = "\(directory)/notify"
                let listener = try SupervisorTests.listener(name)
                unsafe setenv("NOTIFY_SOCKET", name, 1)
                let others = try UnixSocket.connectDatagram(name)
                while try others.send([0x78]) > 0 {}
                alarm(10)
                let writer = try #require(Files.linkTarget("/proc/thread-self"))
                let reader = try Thread.start("reader", LateReader(listener: listener.duplicate(), writer: writer))
                Supervisor().ready("a to b")
                try reader.join()
            }
        }
    }

    /// Reads up to READY, and begins when the writer waits for room.
    private struct LateReader: ~Copyable, ThreadWork {
        let listener: Descriptor
        /// Its thread below /proc.
        let writer: String

        consuming func run() throws(Errno) {
            while try !Files.read("/proc/\(writer)/stat").contains(") S ") { sched_yield() }
            while let message = try listener.receive(limit: 4096), !message.starts(with: Array("READY=1".utf8)) {}
        }
    }

    @Test func `nobody is fine`() async {
        await #expect(processExitsWith: .success) {
            unsafe unsetenv("NOTIFY_SOCKET")
            let supervisor = Supervisor()
            supervisor.ready("status")
            supervisor.stopping()
        }
    }

    @Test(arguments: ["", "/absent/notify", "@iptund-absent-socket", "relative"])
    func `a socket that nobody listens at is fine`(name: String) async {
        await #expect(processExitsWith: .success) { [name] in
            unsafe setenv("NOTIFY_SOCKET", name, 1)
            Supervisor().ready("status")
        }
    }

    @Test func `whoever goes away while we run is fine`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                unsafe setenv("NOTIFY_SOCKET", directory + "/notify", 1)
                let listener = try SupervisorTests.listener(directory + "/notify")
                let supervisor = Supervisor()
                _ = consume listener
                supervisor.ready("status")
                supervisor.stopping()
            }
        }
    }
}
