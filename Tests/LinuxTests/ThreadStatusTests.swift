// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct ThreadStatusTests {
    /// A status file, shortened, of a thread without privilege but for `changes`.
    private func text(_ changes: [String: String] = [:], without missing: String? = nil) -> String {
        let lines = [
            ("Name", "iptund"), ("State", "S (sleeping)"), ("Uid", "1000\t65534\t1002\t1003"),
            ("Gid", "65534\t65534\t65534\t65534"), ("Groups", ""), ("CapInh", "0000000000000000"),
            ("CapPrm", "0000000000000000"), ("CapEff", "0000000000000000"), ("CapBnd", "0000000000000000"),
            ("CapAmb", "0000000000000000"), ("NoNewPrivs", "1"), ("Seccomp", "0"),
        ]
        return lines.filter { $0.0 != missing }.map { "\($0.0):\t\(changes[$0.0] ?? $0.1)\n" }.joined()
    }

    @Test func `every field is read from its line`() throws {
        let changes = [
            "CapInh": "0000000000000001", "CapPrm": "000001ffffffffff", "CapEff": "0000000000003000",
            "CapBnd": "00000000a80425fb", "CapAmb": "0000000000000400", "NoNewPrivs": "0",
        ]
        let status = try #require(ThreadStatus(id: 7, text: text(changes)))
        #expect(status.id == 7)
        #expect(status.inheritable == 1)
        #expect(status.permitted == 0x1ff_ffff_ffff)
        #expect(status.effective == 0x3000)
        #expect(status.bounding == 0xa804_25fb)
        #expect(status.ambient == 0x400)
        #expect(!status.hasNoNewPrivileges)
        #expect(status.user == 65_534)
    }

    @Test(arguments: ["Uid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"])
    func `a status without one of its lines is none`(line: String) {
        #expect(ThreadStatus(id: 1, text: text(without: line)) == nil)
    }

    @Test(arguments: [("Uid", "1000\t1000\t1000"), ("Uid", "a\tb\tc\td"), ("CapEff", "x"), ("CapEff", "")])
    func `a line that cannot be understood makes the status none`(line: String, value: String) {
        #expect(ThreadStatus(id: 1, text: text([line: value])) == nil)
    }

    @Test(arguments: [true, false]) func `a thread with nothing left is powerless`(allowingBounding: Bool) throws {
        let status = try #require(ThreadStatus(id: 1, text: text()))
        #expect(status.isPowerless(allowingBounding: allowingBounding))
    }

    @Test(
        arguments: [
            ("CapInh", "0000000000000001"), ("CapPrm", "0000000000001000"), ("CapEff", "0000000000002000"),
            ("CapAmb", "0000010000000000"), ("NoNewPrivs", "0"),
        ], [true, false])
    func `a thread with anything left has power`(left: (line: String, value: String), allowingBounding: Bool) throws {
        let status = try #require(ThreadStatus(id: 1, text: text([left.line: left.value])))
        #expect(!status.isPowerless(allowingBounding: allowingBounding))
    }

    @Test func `the bounding set may stay only where that is allowed`() throws {
        let status = try #require(ThreadStatus(id: 1, text: text(["CapBnd": "000001ffffffffff"])))
        #expect(status.isPowerless(allowingBounding: true))
        #expect(!status.isPowerless(allowingBounding: false))
    }

    @Test func `every thread of this process is there, this one too`() throws {
        // Other tests start and end threads meanwhile, and one may vanish between its name and its status.
        let all = try #require((1...1000).lazy.compactMap { _ in try? ThreadStatus.all() }.first { _ in true })
        #expect(all.map(\.id).contains(Int(getpid())))
        #expect(Set(all.map(\.id)).count == all.count)
        #expect(Set(all.map(\.user)) == [geteuid()])
    }
}
