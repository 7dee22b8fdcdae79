// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
@testable import iptund

@Suite struct ComplaintErrnoTests {
    @Test func `a system call that failed gives its reason`() {
        let complaint = Complaint("cannot lock", .permissionDenied, whatNow: "ask root")
        #expect("\(complaint)" == "cannot lock: Permission denied; ask root")
        #expect(complaint.exitCode == 1)
    }
}
