// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct DirectoryLockTests {
    private func error(_ path: String, patience: UInt64 = 0) -> Errno? {
        thrown { () throws(Errno) in _ = try DirectoryLock(path, timeoutMilliseconds: patience) }
    }

    @Test func `one at a time holds a directory, and leaves nothing in it`() throws {
        try withTemporaryDirectory { directory in
            let lock = try DirectoryLock(directory, timeoutMilliseconds: 0)
            let start = Clock.milliseconds
            #expect(error(directory, patience: 30) == .wouldBlock)
            #expect(Clock.milliseconds >= start + 30)
            _ = consume lock
            #expect(error(directory) == nil)
            #expect(try Files.entries(directory) == [])
        }
    }

    @Test func `the lock ends with its value, although a child has a copy of the descriptor`() throws {
        try withTemporaryDirectory { directory in
            let lock = try DirectoryLock(directory, timeoutMilliseconds: 0)
            // What a fork gives to a child: one more number of the same open file.
            let numbers = try Files.entries("/proc/self/fd").compactMap { Int32($0) }
            let held = try #require(numbers.first { Files.linkTarget("/proc/self/fd/\($0)") == directory })
            let copy = Descriptor(owning: try posix(dup(held)))
            _ = consume lock
            #expect(error(directory) == nil)
            #expect(copy.rawValue >= 0)
        }
    }

    @Test func `what is no directory is refused`() throws {
        try withTemporaryDirectory { directory in
            try Files.write([], to: directory + "/file")
            #expect(error(directory + "/file") == Errno(rawValue: ENOTDIR))
            #expect(error(directory + "/absent") == .noSuchFile)
        }
    }
}
