// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct ThreadTests {
    /// Says which thread runs it, waits until it is told to go on, and ends with `error`.
    private struct Work: ~Copyable, ThreadWork {
        let running: Wakeup
        let goOn: Wakeup
        let error: Errno?

        consuming func run() throws(Errno) {
            running.signal()
            var interests = [Poll.Interest.signal(of: goOn)]
            try Poll.wait(for: &interests, timeoutMilliseconds: 10_000)
            if let error { throw error }
        }
    }

    private func start(
        _ name: String, _ running: borrowing Wakeup, _ goOn: borrowing Wakeup, error: Errno? = nil
    ) throws(Errno) -> Linux.Thread {
        try Linux.Thread.start(name, Work(running: try running.duplicate(), goOn: try goOn.duplicate(), error: error))
    }

    @Test func `the work runs beside its creator, under its name`() throws {
        let running = try Wakeup()
        let goOn = try Wakeup()
        let name = "test-\(getpid() % 100_000)"
        let thread = try start(name, running, goOn)
        var interests = [Poll.Interest.signal(of: running)]
        try Poll.wait(for: &interests, timeoutMilliseconds: 10_000)
        #expect(interests[0].isReady)
        let names = try Files.entries("/proc/self/task").compactMap { try? Files.read("/proc/self/task/\($0)/comm") }
        #expect(names.filter { $0 == name + "\n" }.count == 1)
        goOn.signal()
        try thread.join()
    }

    @Test(arguments: [nil, Errno.descriptorState, .busy]) func `joining throws what the work threw`(error: Errno?)
        throws
    {
        let running = try Wakeup()
        let goOn = try Wakeup()
        goOn.signal()
        let thread = try start("failing", running, goOn, error: error)
        var outcome: Errno?
        do throws(Errno) { try thread.join() } catch { outcome = error }
        #expect(outcome == error)
    }

    @Test func `what the work owns is gone when it has ended`() throws {
        /// Owns the writing end of a pipe.
        struct Owner: ~Copyable, ThreadWork {
            let writing: Descriptor
            consuming func run() {}
        }
        try withTemporaryDirectory { directory in
            let listener = try UnixSocket.listen(directory + "/socket", mode: 0o600)
            let thread = try Linux.Thread.start("owner", Owner(writing: try UnixSocket.connect(directory + "/socket")))
            try thread.join()
            let other = try listener.acceptNow()
            let isEnded = try eventually { try other.receive(limit: 1)?.isEmpty == true }
            #expect(isEnded)
        }
    }
}
