// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing

/// What is given up stays given up, so each in a process of its own.
@Suite(.needsNoSanitizer, .enabled(if: (try? Landlock.version) != nil, "this kernel has no Landlock"))
struct LandlockTests {
    @Test func `nothing can be opened, made or removed by its path, and what is open stays usable`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                let path = "\(directory)/file"
                try Files.createNew(path, Array("octets".utf8), mode: 0o600)
                let file = try Descriptor.open(path, O_RDONLY)
                _ = try Privileges.drop(to: .current)
                try Landlock.giveUpEverything()
                #expect(throws: Errno.permissionDenied) { try Files.read(path) }
                #expect(throws: Errno.permissionDenied) { try Files.read("/proc/self/status") }
                #expect(throws: Errno.permissionDenied) { try Files.entries("/") }
                #expect(throws: Errno.permissionDenied) { try Files.createNew("\(path)2", [], mode: 0o600) }
                #expect(throws: Errno.permissionDenied) { try Files.makeDirectory("\(path)3", mode: 0o700) }
                #expect(unsafe unlink(path) == -1)
                #expect(unsafe rename(path, "\(path)4") == -1)
                #expect(unsafe access(path, F_OK) == 0)
                var buffer = [UInt8](repeating: 0, count: 6)
                #expect(unsafe read(file.rawValue, &buffer, 6) == 6)
                #expect(String(decoding: buffer, as: UTF8.self) == "octets")
            }
        }
    }

    @Test func `no program can be run`() async {
        await #expect(processExitsWith: .success) {
            _ = try Privileges.drop(to: .current)
            try Landlock.giveUpEverything()
            #expect(throws: (any Error).self) { try ChildProcess.run(["/bin/true"]) }
        }
    }

    @Test func `where reading is an exception, nothing can be written, made or removed`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                let path = "\(directory)/file"
                try Files.createNew(path, Array("octets".utf8), mode: 0o600)
                _ = try Privileges.drop(to: .current)
                try Landlock.giveUpEverything(but: [.reading("/"), .reading("/not/there")], mayTalk: true)
                #expect(try Files.read(path) == "octets")
                #expect(throws: Errno.permissionDenied) { _ = try Descriptor.open(path, O_WRONLY) }
                #expect(throws: Errno.permissionDenied) { try Files.createNew("\(path)2", [], mode: 0o600) }
                #expect(unsafe unlink(path) == -1)
                #expect(unsafe truncate(path, 0) == -1)
            }
        }
    }

    @Test func `what may change a directory and one file changes nothing beside them`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                for name in ["own", "other"] { try Files.makeDirectory("\(directory)/\(name)", mode: 0o700) }
                for name in ["file", "own/file", "other/file"] {
                    try Files.createNew("\(directory)/\(name)", [], mode: 0o600)
                }
                _ = try Privileges.drop(to: .current)
                try Landlock.giveUpEverything(but: [
                    .changing("\(directory)/own"), .changing("\(directory)/file"), .removingDirectories(directory),
                ])
                try Files.replace("\(directory)/own/file", with: [1], mode: 0o600)
                _ = try Descriptor.open("\(directory)/file", O_WRONLY)
                #expect(throws: Errno.permissionDenied) { _ = try Descriptor.open("\(directory)/other/file", O_RDONLY) }
                #expect(throws: Errno.permissionDenied) { try Files.createNew("\(directory)/new", [], mode: 0o600) }
                Files.remove("\(directory)/own/file")
                Files.removeDirectory("\(directory)/own")
                #expect(!Files.exists("\(directory)/own"))
            }
        }
    }

    /// landlock(7) tells which version brought what.
    @Test(arguments: [
        (1, 0x1fff, 0, 0, 8), (2, 0x3fff, 0, 0, 8), (3, 0x7fff, 0, 0, 8), (4, 0x7fff, 3, 0, 16), (5, 0xffff, 3, 0, 16),
        (6, 0xffff, 3, 3, 24), (7, 0xffff, 3, 3, 24), (12, 0xffff, 3, 3, 24),
    ])
    func `each version forbids what it knows`(
        version: Int, files: UInt64, network: UInt64, scopes: UInt64, size: UInt32
    ) {
        let rights = Landlock.Rights(version: version)
        #expect((rights.files, rights.network, rights.scopes) == (files, network, scopes))
        #expect(rights.size == size)
    }
}
