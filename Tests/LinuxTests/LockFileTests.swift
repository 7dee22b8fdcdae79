// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct LockFileTests {
    /// Takes the lock with patience, and passes when it got a file that is still there under its name.
    private struct Taker: ~Copyable, ThreadWork {
        let path: String
        let isStarted: Wakeup

        consuming func run() throws(Errno) {
            isStarted.signal()
            let lock = try LockFile(path, timeoutMilliseconds: 10_000)
            guard try Files.inode("/proc/self/fd/\(lock.number)") == Files.inode(path) else { throw .noSuchFile }
        }
    }

    private func startTaker(_ path: String) throws(Errno) -> Linux.Thread {
        let isStarted = try Wakeup()
        let thread = try Linux.Thread.start("taker", Taker(path: path, isStarted: try isStarted.duplicate()))
        var interests = [Poll.Interest.signal(of: isStarted)]
        try Poll.wait(for: &interests, timeoutMilliseconds: 10_000)
        return thread
    }

    @Test func `a lock that somebody holds throws EAGAIN when the patience is over`() throws {
        try withTemporaryDirectory { directory in
            let lock = try LockFile(directory + "/lock", timeoutMilliseconds: 0)
            let start = Clock.milliseconds
            for patience in [0, 30] as [UInt64] {
                let error = thrown { () throws(Errno) in
                    _ = try LockFile(directory + "/lock", timeoutMilliseconds: patience)
                }
                #expect(error == .wouldBlock)
            }
            #expect(Clock.milliseconds >= start + 30)
            #expect(lock.number >= 0)
        }
    }

    @Test func `a lock is free when its holder is gone`() throws {
        try withTemporaryDirectory { directory in
            for _ in 1...3 { _ = try LockFile(directory + "/lock", timeoutMilliseconds: 5_000) }
        }
    }

    @Test func `whoever waits gets the lock when the holder lets go`() throws {
        try withTemporaryDirectory { directory in
            let lock = try LockFile(directory + "/lock", timeoutMilliseconds: 0)
            let taker = try startTaker(directory + "/lock")
            _ = consume lock
            try taker.join()
        }
    }

    @Test(arguments: 1...20) func `whoever waits on a file that the holder removes gets the next one`(round: Int) throws
    {
        try withTemporaryDirectory { directory in
            let lock = try LockFile(directory + "/lock", timeoutMilliseconds: 0)
            let taker = try startTaker(directory + "/lock")
            for _ in 0..<round * 100 { sched_yield() }  // the taker is at different places then
            Files.remove(directory + "/lock")
            _ = consume lock
            try taker.join()
        }
    }

    @Test func `a lock that shares the open file goes with its last owner`() throws {
        try withTemporaryDirectory { directory in
            let lock = try LockFile(directory + "/lock", timeoutMilliseconds: 0)
            let shared = try lock.descriptor.duplicate()
            _ = consume lock
            let held = thrown { () throws(Errno) in _ = try LockFile(directory + "/lock", timeoutMilliseconds: 0) }
            #expect(held == .wouldBlock)
            _ = consume shared
            let free = thrown { () throws(Errno) in _ = try LockFile(directory + "/lock", timeoutMilliseconds: 5_000) }
            #expect(free == nil)
        }
    }

    @Test func `a directory that is not there throws ENOENT`() {
        #expect(thrown { () throws(Errno) in _ = try LockFile("/absent/lock", timeoutMilliseconds: 0) } == .noSuchFile)
    }
}
