// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing

/// Each in a process of its own, which ends by a call that its filter allows: a filter stays for good.
@Suite(.needsNoSanitizer) struct SystemCallFilterTests {
    /// What the tests themselves need after a filter is in force.
    static let needed = [
        "exit_group", "futex", "brk", "mmap", "munmap", "madvise", "mprotect", "gettid", "rt_sigprocmask", "clone3",
        "rseq",
        "set_robust_list", "exit", "prctl", "write",
    ]

    /// Puts a filter in force for the calling thread.
    static func load(
        otherwise: SystemCallFilter.Otherwise, _ names: [String] = [],
        _ more: (borrowing SystemCallFilter) throws(Errno) -> Void = { (_) throws(Errno) in }
    ) throws {
        _ = try Privileges.drop(to: .current)
        let filter = try SystemCallFilter(otherwise: otherwise)
        try filter.allow(needed + names)
        try more(filter)
        try filter.load()
    }

    @Test func `what is on the list works`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            try SystemCallFilterTests.load(otherwise: .kill, ["getppid"])
            _exit(getppid() > 0 ? 7 : 1)
        }
    }

    @Test func `what is not on the list ends the whole process by SIGSYS`() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try SystemCallFilterTests.load(otherwise: .kill)
            _ = getppid()
            _exit(0)
        }
    }

    @Test func `where the rest is refused, it fails with EPERM`() async {
        await #expect(processExitsWith: .exitCode(EPERM)) {
            try SystemCallFilterTests.load(otherwise: .refuse)
            _exit(getpgid(0) == -1 ? errno : 0)
        }
    }

    @Test func `a refused call fails, while others that are not on the list are deadly`() async {
        await #expect(processExitsWith: .exitCode(EPERM)) {
            try SystemCallFilterTests.load(otherwise: .kill) { filter throws(Errno) in try filter.refuse("getpgid") }
            _exit(getpgid(0) == -1 ? errno : 0)
        }
    }

    /// What is tried, and the exit status; 0 stands for the signal.
    static let commands: [(Int32, Int32)] = [(F_GETFD, 7), (F_GETFL, 0)]

    @Test(arguments: commands)
    func `a call may be allowed for one value of an argument alone`(command: Int32, status: Int32) async {
        await #expect(processExitsWith: status == 0 ? .signal(SIGSYS) : .exitCode(status)) { [command, status] in
            try SystemCallFilterTests.load(otherwise: .kill) { filter throws(Errno) in
                try filter.allow("fcntl", if: [.init(argument: 1, is: UInt64(F_GETFD))])
            }
            _ = fcntl(1, command)
            _exit(status)
        }
    }

    static let protections: [(Int32, Int32)] = [(PROT_READ | PROT_WRITE, 7), (PROT_READ | PROT_EXEC, 0)]

    @Test(arguments: protections)
    func `a condition looks at the bits of its mask alone`(protection: Int32, status: Int32) async {
        await #expect(processExitsWith: status == 0 ? .signal(SIGSYS) : .exitCode(status)) { [protection, status] in
            _ = try Privileges.drop(to: .current)
            let filter = try SystemCallFilter(otherwise: .kill)
            try filter.allow(SystemCallFilterTests.needed.filter { $0 != "mmap" })
            try filter.allow("mmap", if: [.init(argument: 2, mask: UInt64(PROT_EXEC), is: 0)])
            try filter.load()
            _ = unsafe mmap(nil, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            _exit(status)
        }
    }

    @Test func `filters add up: what one forbids is forbidden`() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try SystemCallFilterTests.load(otherwise: .kill, ["getppid", "seccomp", "capset", "prctl"])
            let second = try SystemCallFilter(otherwise: .kill)
            try second.allow(SystemCallFilterTests.needed)
            try second.load()
            _ = getppid()
            _exit(0)
        }
    }

    @Test func `a thread that starts later goes by the filter too`() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try SystemCallFilterTests.load(otherwise: .kill)
            try Thread.start("late", Asking()).join()
            _exit(0)
        }
    }

    private struct Asking: ~Copyable, ThreadWork {
        consuming func run() throws(Errno) { _ = getppid() }
    }

    @Test func `a name that nobody knows is passed over`() throws {
        try SystemCallFilter(otherwise: .kill).allow(["no_such_call"])
    }

    @Test func `without a filter no probe is refused`() {
        #expect(!SystemCallFilter.Probe.parent.isRefused)
        #expect(!SystemCallFilter.Probe.processGroup.isRefused)
    }

    @Test(arguments: [SystemCallFilter.Probe.parent, .processGroup])
    func `a probe that is refused says so`(probe: SystemCallFilter.Probe) async {
        await #expect(processExitsWith: .exitCode(7)) { [name = probe.rawValue as String] in
            try SystemCallFilterTests.load(otherwise: .kill) { filter throws(Errno) in try filter.refuse(name) }
            _exit(SystemCallFilter.Probe(rawValue: name)?.isRefused == true ? 7 : 1)
        }
    }
}
