// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct FilesTests {
    @Test(arguments: [0, 1, 4095, 4096, 4097, 100_000]) func `what is written is read back`(length: Int) throws {
        try withTemporaryDirectory { directory in
            let text = String(repeating: "x", count: length)
            try Files.write(Array(text.utf8), to: directory + "/file")
            #expect(try Files.read(directory + "/file") == text)
        }
    }

    @Test func `writing replaces what was there`() throws {
        try withTemporaryDirectory { directory in
            try Files.write(Array("longer".utf8), to: directory + "/file")
            try Files.write(Array("short".utf8), to: directory + "/file")
            #expect(try Files.read(directory + "/file") == "short")
        }
    }

    @Test func `files of proc, which have no size, are read whole`() throws {
        #expect(try Files.read("/proc/self/status").contains("\nThreads:"))
    }

    @Test func `names in a directory are sorted, and neither . nor .. is among them`() throws {
        try withTemporaryDirectory { directory in
            for name in ["b", "a", ".hidden", "c"] { try Files.write([], to: "\(directory)/\(name)") }
            #expect(try Files.entries(directory) == [".hidden", "a", "b", "c"])
        }
    }

    @Test func `making a directory that is there is fine, making one in nowhere is not`() throws {
        try withTemporaryDirectory { directory in
            try Files.makeDirectory(directory + "/sub", mode: 0o755)
            try Files.makeDirectory(directory + "/sub", mode: 0o755)
            #expect(Files.exists(directory + "/sub"))
            let error = thrown { () throws(Errno) in try Files.makeDirectory(directory + "/no/sub", mode: 0o755) }
            #expect(error == .noSuchFile)
        }
    }

    @Test func `removing what is gone already is fine, and a directory goes only when it is empty`() throws {
        try withTemporaryDirectory { directory in
            try Files.makeDirectory(directory + "/sub", mode: 0o755)
            try Files.write([], to: directory + "/sub/file")
            Files.removeDirectory(directory + "/sub")
            #expect(Files.exists(directory + "/sub/file"))
            for _ in 1...2 {
                Files.remove(directory + "/sub/file")
                Files.removeDirectory(directory + "/sub")
            }
            #expect(try Files.entries(directory) == [])
        }
    }

    @Test func `a mode is set as it was asked for`() throws {
        try withTemporaryDirectory { directory in
            try Files.write([], to: directory + "/file")
            Files.setMode(directory + "/file", 0o640)
            var status = stat()
            #expect(unsafe stat(directory + "/file", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o640)
        }
    }

    @Test(.needsRoot) func `a file that is given away belongs to the other user and group`() throws {
        try withTemporaryDirectory { directory in
            try Files.write([], to: directory + "/file")
            Files.give(directory + "/file", user: 1234, group: 4321)
            var status = stat()
            #expect(unsafe stat(directory + "/file", &status) == 0)
            #expect((status.st_uid, status.st_gid) == (1234, 4321))
        }
    }

    @Test func `two names of one file have one inode`() throws {
        try withTemporaryDirectory { directory in
            try Files.write([], to: directory + "/first")
            try Files.write([], to: directory + "/other")
            try posix(unsafe link(directory + "/first", directory + "/second"))
            #expect(try Files.inode(directory + "/first") == Files.inode(directory + "/second"))
            #expect(try Files.inode(directory + "/first") != Files.inode(directory + "/other"))
        }
    }

    @Test func `what is not there throws ENOENT`() {
        #expect(!Files.exists("/absent"))
        #expect(thrown { () throws(Errno) in _ = try Files.read("/absent") } == .noSuchFile)
        #expect(thrown { () throws(Errno) in _ = try Files.entries("/absent") } == .noSuchFile)
        #expect(thrown { () throws(Errno) in _ = try Files.inode("/absent") } == .noSuchFile)
        #expect(thrown { () throws(Errno) in try Files.write([], to: "/absent/file") } == .noSuchFile)
    }
}
