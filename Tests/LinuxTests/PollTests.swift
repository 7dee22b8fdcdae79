// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
@testable import Linux
import Testing
import Wire

@Suite struct PollTests {
    /// A port that has something to read once it is signalled.
    private struct Port: ~Copyable, PacketPort {
        let wakeup: Wakeup
        var waitable: Int32 { wakeup.descriptor.rawValue }
    }

    @Test func `a port that has something to read is ready`() throws {
        let port = Port(wakeup: try Wakeup())
        let bell = try Wakeup()
        port.wakeup.signal()
        #expect(try Poll.wait(for: port, or: bell) == .ready)
    }

    @Test func `being called goes before what there is to read`() throws {
        let port = Port(wakeup: try Wakeup())
        let bell = try Wakeup()
        bell.signal()
        #expect(try Poll.wait(for: port, or: bell) == .called)
        port.wakeup.signal()
        #expect(try Poll.wait(for: port, or: bell) == .called)
    }

    @Test func `a port whose other end is gone has errors`() throws {
        var ends: [Int32] = [0, 0]
        try checked(unsafe clinux_pipe(&ends))
        let writing = Pipe(waitable: ends[1])
        close(ends[0])
        #expect(try Poll.wait(for: writing, or: try Wakeup()) == .errors)
        close(ends[1])
    }

    /// The end of a pipe that is written to.
    private struct Pipe: ~Copyable, PacketPort {
        let waitable: Int32
    }

    @Test func `only what is ready says so`() throws {
        let quiet = try Wakeup()
        let loud = try Wakeup()
        loud.signal()
        var interests: [Poll.Interest] = [
            .reading(quiet.descriptor), .reading(loud.descriptor), .writing(quiet.descriptor), .signal(of: loud),
        ]
        try Poll.wait(for: &interests, timeoutMilliseconds: -1)
        #expect(interests.map(\.isReady) == [false, true, true, true])
    }

    @Test func `a wait ends with its timeout, and forgets what was ready before`() throws {
        let wakeup = try Wakeup()
        wakeup.signal()
        var interests = [Poll.Interest.signal(of: wakeup)]
        try Poll.wait(for: &interests, timeoutMilliseconds: 0)
        #expect(interests[0].isReady)
        let quiet = try Wakeup()
        interests = [.signal(of: quiet)]
        let start = Clock.milliseconds
        try Poll.wait(for: &interests, timeoutMilliseconds: 20)
        #expect(!interests[0].isReady)
        #expect(Clock.milliseconds >= start + 19)
    }

    @Test func `nobody left at the other end counts as ready`() throws {
        var ends: [Int32] = [0, 0]
        try checked(unsafe clinux_pipe(&ends))
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        _ = consume writing
        var interests = [Poll.Interest.reading(reading)]
        try Poll.wait(for: &interests, timeoutMilliseconds: 5_000)
        #expect(interests[0].isReady)
    }
}
