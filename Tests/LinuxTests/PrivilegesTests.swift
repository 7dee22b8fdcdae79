// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing

/// Each in a process of its own: what is given away stays away. The kernel's view is that of the thread that gave.
@Suite struct PrivilegesTests {
    /// What the kernel says about the calling thread.
    static func status() throws -> ThreadStatus {
        try #require(ThreadStatus(id: 0, text: try Files.read("/proc/thread-self/status")))
    }

    @Test(.needsRoot) func `after dropping everything, all sets are empty and the user is the other one`() async {
        await #expect(processExitsWith: .success) {
            let shortfalls = try Privileges.drop(to: .nobody)
            let status = try PrivilegesTests.status()
            #expect(shortfalls.isEmpty)
            #expect(status.isPowerless(allowingBounding: false))
            #expect(status.user == 65_534)
            let text = try Files.read("/proc/thread-self/status")
            #expect(text.contains("\nUid:\t65534\t65534\t65534\t65534\n"))
            #expect(text.contains("\nGid:\t65534\t65534\t65534\t65534\n"))
            #expect(text.contains("\nGroups:\t \n") || text.contains("\nGroups:\t\n"))
        }
    }

    @Test(.needsRoot) func `nothing brings back what was dropped`() async {
        await #expect(processExitsWith: .success) {
            _ = try Privileges.drop(to: .nobody)
            #expect(setuid(0) == -1)
            #expect(setgid(0) == -1)
            let child = try ChildProcess.run(["grep", "-E", "CapEff|CapPrm|NoNewPrivs", "/proc/self/status"])
            #expect(child.text == "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n")
        }
    }

    @Test(.needsRoot) func `what is left may have one more group, whose files it reads`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                let path = "\(directory)/file"
                try Files.createNew(path, [1], mode: 0o640, owner: User(id: 12_345, group: 54_321))
                _ = try Privileges.reduce(to: [.netAdmin], in: 54_321)
                #expect(try Files.content(path, limit: 9).bytes == [1])
                let text = try Files.read("/proc/thread-self/status")
                #expect(text.contains("\nGroups:\t54321 \n"))
            }
        }
    }

    @Test(.needsRoot) func `root without capabilities is nobody special, and no program makes it so again`() async {
        await #expect(processExitsWith: .success) {
            let shortfalls = try Privileges.drop(to: .current)
            #expect(shortfalls.isEmpty)
            let status = try PrivilegesTests.status()
            #expect(status.isPowerless(allowingBounding: false))
            #expect(status.user == 0)
            let child = try ChildProcess.run(["grep", "CapEff", "/proc/self/status"])
            #expect(child.text == "CapEff:\t0000000000000000\n")
        }
    }

    @Test(.needsRoot) func `after reducing, exactly what was kept is there`() async {
        await #expect(processExitsWith: .success) {
            let shortfalls = try Privileges.reduce(to: [.netAdmin])
            let status = try PrivilegesTests.status()
            #expect(shortfalls.isEmpty)
            #expect((status.permitted, status.effective) == (1 << 12, 1 << 12))
            #expect((status.inheritable, status.bounding, status.ambient) == (0, 0, 0))
            #expect(status.hasNoNewPrivileges)
            #expect(status.user == 0)
            #expect(CapabilityTests.all.filter(\.isEffective) == [.netAdmin])
        }
    }

    @Test(.needsRoot) func `what was kept is dropped by dropping`() async {
        await #expect(processExitsWith: .success) {
            _ = try Privileges.reduce(to: [.netAdmin, .netRaw])
            #expect(try Privileges.drop(to: .current).count == 1)
            #expect(try PrivilegesTests.status().isPowerless(allowingBounding: false))
        }
    }

    @Test(.needsRoot) func `becoming another user without the capability for it is a shortfall, not a failure`() async {
        await #expect(processExitsWith: .success) {
            _ = try Privileges.reduce(to: [])
            let shortfalls = try Privileges.drop(to: .nobody)
            #expect(
                shortfalls.map(\.description) == [
                    "bounding set not emptied, securebits not locked: CAP_SETPCAP missing",
                    "still uid 0: CAP_SETUID and CAP_SETGID missing",
                ])
        }
    }

    @Test func `an ordinary user gives up what there is, and says that the bounding set stays`() async {
        await #expect(processExitsWith: .success) {
            if geteuid() == 0 { try posix(setuid(51_994)) }
            let shortfalls = try Privileges.drop(to: .current)
            #expect(shortfalls.count == 1)
            let status = try PrivilegesTests.status()
            #expect(status.isPowerless(allowingBounding: true))
            #expect(status.hasNoNewPrivileges)
        }
    }

    @Test func `a failure says what was done and why it failed`() {
        let failure = Privileges.Failure(step: "become uid 1", error: .notPermitted)
        #expect(failure.description == "become uid 1: Operation not permitted")
    }
}
