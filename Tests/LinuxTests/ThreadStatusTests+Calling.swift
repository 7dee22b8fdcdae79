// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing

/// What a thread learns about itself without /proc is what /proc says about it.
extension ThreadStatusTests {
    /// The fields of both, but for the thread's number.
    static func isEqual(_ one: ThreadStatus, _ other: ThreadStatus) -> Bool {
        one.inheritable == other.inheritable && one.permitted == other.permitted && one.effective == other.effective
            && one.bounding == other.bounding && one.ambient == other.ambient && one.user == other.user
            && one.hasNoNewPrivileges == other.hasNoNewPrivileges
    }

    @Test func `whoever runs the tests`() throws {
        #expect(Self.isEqual(try .calling(), try PrivilegesTests.status()))
    }

    @Test(.needsRoot) func `with one capability left`() async {
        await #expect(processExitsWith: .success) {
            _ = try Privileges.reduce(to: [.netAdmin])
            let status = try ThreadStatus.calling()
            #expect(status.effective == 1 << 12)
            #expect(ThreadStatusTests.isEqual(status, try PrivilegesTests.status()))
        }
    }

    @Test(.needsRoot) func `with nothing left, as somebody else`() async {
        await #expect(processExitsWith: .success) {
            #expect(!Privileges.areSecurebitsLocked)
            _ = try Privileges.drop(to: .nobody)
            let status = try ThreadStatus.calling()
            #expect(status.isPowerless(allowingBounding: false))
            #expect(status.user == 65_534)
            #expect(ThreadStatusTests.isEqual(status, try PrivilegesTests.status()))
            #expect(Privileges.areSecurebitsLocked)
        }
    }
}
