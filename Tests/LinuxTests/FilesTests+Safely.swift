// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Files that others may have put there, and files that others must never see half written.
extension FilesTests {
    private func error(_ path: String, limit: Int = 100, _ link: Files.LastLink = .followed) -> Errno? {
        thrown { () throws(Errno) in _ = try Files.content(path, limit: limit, lastLink: link) }
    }

    @Test func `the content comes with the status of the very file`() throws {
        try withTemporaryDirectory { directory in
            try Files.createNew(directory + "/file", Array("hello".utf8), mode: 0o640)
            let content = try Files.content(directory + "/file", limit: 5)
            #expect(content.bytes == Array("hello".utf8))
            #expect(content.status.mode == 0o640)
            #expect(content.status.size == 5)
            #expect((content.status.owner, content.status.group) == (geteuid(), getegid()))
            #expect(content.status.isRegular && !content.status.isDirectory)
            #expect(try content.status == Files.status(directory + "/file"))
            #expect(error(directory + "/file", limit: 4) == .fileTooLarge)
        }
    }

    @Test func `a directory has a status, but no content`() throws {
        try withTemporaryDirectory { directory in
            try Files.makeDirectory(directory + "/sub", mode: 0o710)
            let status = try Files.status(directory + "/sub")
            #expect(status.isDirectory && !status.isRegular)
            #expect(status.mode == 0o710)
            #expect(error(directory + "/sub") == .invalidArgument)
            #expect(thrown { () throws(Errno) in _ = try Files.status(directory + "/absent") } == .noSuchFile)
        }
    }

    @Test func `what never ends or never begins is refused at once`() throws {
        try withTemporaryDirectory { directory in
            try posix(unsafe mkfifo(directory + "/fifo", 0o600))
            #expect(error(directory + "/fifo") == .invalidArgument)
            #expect(error("/dev/zero") == .invalidArgument)
            // A file of proc has no size, but more than this to say.
            #expect(error("/proc/self/status", limit: 10) == .fileTooLarge)
            #expect(try Files.content("/proc/self/status", limit: 100_000).status.size == 0)
        }
    }

    @Test func `a symbolic link is followed or refused, as asked`() throws {
        try withTemporaryDirectory { directory in
            try Files.createNew(directory + "/file", [1], mode: 0o600)
            try posix(unsafe symlink("file", directory + "/link"))
            #expect(try Files.content(directory + "/link", limit: 1).bytes == [1])
            #expect(error(directory + "/link", .refused) == Errno(rawValue: ELOOP))
            #expect(error(directory + "/file", .refused) == nil)
        }
    }

    @Test(arguments: [0o600, 0o644, 0o777] as [UInt32]) func `a new file has its mode whatever the umask`(mode: UInt32)
        throws
    {
        try withTemporaryDirectory { directory in
            try Files.createNew(directory + "/new", [1, 2], mode: mode)
            try Files.replace(directory + "/other", with: [3], mode: mode)
            #expect(try Files.status(directory + "/new").mode == mode)
            #expect(try Files.status(directory + "/other").mode == mode)
            #expect(try Files.content(directory + "/new", limit: 2).bytes == [1, 2])
        }
    }

    @Test(arguments: ["file", "sub", "link", "dangling"]) func `a name that is taken throws EEXIST`(name: String) throws
    {
        try withTemporaryDirectory { directory in
            try Files.createNew(directory + "/file", [1], mode: 0o600)
            try Files.makeDirectory(directory + "/sub", mode: 0o700)
            try posix(unsafe symlink("file", directory + "/link"))
            try posix(unsafe symlink("absent", directory + "/dangling"))
            let error = thrown { () throws(Errno) in try Files.createNew("\(directory)/\(name)", [2], mode: 0o600) }
            #expect(error == .exists)
            #expect(try Files.content(directory + "/file", limit: 1).bytes == [1])
            #expect(!Files.exists(directory + "/absent"))
        }
    }

    @Test func `replacing makes another file, and leaves nothing else behind`() throws {
        try withTemporaryDirectory { directory in
            try Files.createNew(directory + "/file", [1], mode: 0o644)
            try posix(unsafe symlink("file", directory + "/link"))
            let old = try Descriptor.open(directory + "/file", O_RDONLY)
            try Files.replace(directory + "/file", with: [2, 3], mode: 0o600)
            try Files.replace(directory + "/link", with: [4], mode: 0o600)
            #expect(try Files.status(of: old).size == 1)
            #expect(try Files.content(directory + "/file", limit: 9).bytes == [2, 3])
            #expect(try Files.status(directory + "/file").mode == 0o600)
            #expect(Files.linkTarget(directory + "/link") == nil)
            #expect(try Files.entries(directory) == ["file", "link"])
        }
    }

    @Test func `a file that cannot be replaced stays, and nothing is left of the new one`() throws {
        try withTemporaryDirectory { directory in
            try Files.makeDirectory(directory + "/sub", mode: 0o700)
            let error = thrown { () throws(Errno) in try Files.replace(directory + "/sub", with: [1], mode: 0o600) }
            #expect(error == Errno(rawValue: EISDIR))
            #expect(try Files.entries(directory) == ["sub"])
            let nowhere = thrown { () throws(Errno) in try Files.replace("/absent/file", with: [1], mode: 0o600) }
            #expect(nowhere == .noSuchFile)
        }
    }
}
