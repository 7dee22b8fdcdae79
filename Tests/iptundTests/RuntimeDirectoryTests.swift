// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
@testable import Linux
import Testing
@testable import iptund

@Suite struct RuntimeDirectoryTests {
    static let first = NetworkNamespace(inode: 4_026_531_840, isFirst: true)
    static let other = NetworkNamespace(inode: 4_026_532_999, isFirst: false)

    @Test func `in the first namespace a directory has the tunnel's name`() {
        let directory = RuntimeDirectory(name: "tunl-b", namespace: Self.first, override: nil)
        #expect(directory.path == "/run/iptund/tunl-b")
        #expect(directory.controlSocket == "/run/iptund/tunl-b/control.sock")
        #expect(directory.lock == "/run/iptund/tunl-b/lock")
        #expect(directory.name == "tunl-b")
    }

    @Test func `in any other namespace it carries the namespace's number`() {
        let directory = RuntimeDirectory(name: "tunl-b", namespace: Self.other, override: nil)
        #expect(directory.path == "/run/iptund/tunl-b@4026532999")
        #expect(directory.name == "tunl-b")
    }

    @Test(arguments: [first, other]) func `what somebody says is where it lies`(namespace: NetworkNamespace) {
        let directory = RuntimeDirectory(name: "tunl-b", namespace: namespace, override: "/run/unit")
        #expect(directory.path == "/run/unit")
        #expect(directory.name == "tunl-b")
    }

    @Test(arguments: [("/run/a", "/run/a"), ("/run/a:/run/b", "/run/a"), ("", nil)] as [(String, String?)])
    func `of the directories that systemd names the first is ours`(value: String, path: String?) async {
        await #expect(processExitsWith: .success) { [value, path] in
            #expect(unsafe setenv("RUNTIME_DIRECTORY", value, 1) == 0)
            #expect(RuntimeDirectory.fromEnvironment == path)
        }
    }

    @Test func `without systemd nobody names one`() async {
        await #expect(processExitsWith: .success) {
            unsafe unsetenv("RUNTIME_DIRECTORY")
            #expect(RuntimeDirectory.fromEnvironment == nil)
        }
    }

    @Test func `what was made is removed, with what a tunnel leaves there`() throws {
        try withTemporaryDirectory { base in
            var directory = RuntimeDirectory(name: "a", namespace: Self.first, override: base + "/a")
            try directory.create()
            try directory.create()
            try Files.write([], to: directory.lock)
            try Files.write([], to: directory.controlSocket)
            directory.remove()
            directory.remove()
            #expect(try Files.entries(base) == [])
        }
    }

    @Test func `what is not ours stays`() throws {
        try withTemporaryDirectory { base in
            var directory = RuntimeDirectory(name: "a", namespace: Self.first, override: base)
            try directory.create()
            try Files.write([], to: directory.lock)
            directory.remove()
            #expect(try Files.entries(base) == [])
        }
    }

    @Test func `a directory in nowhere is complained about`() {
        var directory = RuntimeDirectory(name: "a", namespace: Self.first, override: "/absent/a")
        let expected = Complaint(
            "cannot make the directory /absent/a", .noSuchFile, whatNow: "give another one with --runtime-directory")
        #expect(throws: expected) { try directory.create() }
    }

    @Test func `a directory that is made is ours alone to write in, and for everybody to enter`() throws {
        try withTemporaryDirectory { base in
            var directory = RuntimeDirectory(name: "a", namespace: Self.first, override: base + "/a")
            try directory.create()
            var status = stat()
            #expect(unsafe stat(base + "/a", &status) == 0)
            #expect((status.st_uid, status.st_gid, status.st_mode & 0o7777) == (geteuid(), getegid(), 0o755))
        }
    }

    @Test func `a directory that exists keeps its owner and its mode`() throws {
        try withTemporaryDirectory { base in
            Files.setMode(base, 0o1777)
            var directory = RuntimeDirectory(name: "a", namespace: Self.first, override: base)
            try directory.create()
            directory.remove()
            var status = stat()
            #expect(unsafe stat(base, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o1777)
        }
    }
}
