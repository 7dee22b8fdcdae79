// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import Configuration

@Suite struct ComplaintTests {
    @Test func `a complaint says what, why and what now in one line`() {
        let complaint = Complaint("device a", why: "is in use", whatNow: "choose another")
        #expect("\(complaint)" == "device a: is in use; choose another")
        #expect(complaint.exitCode == 1)
    }

    @Test func `wrong usage ends with 2`() {
        let complaint = Complaint.usage("--ttl '0'", why: "too small", whatNow: "leave it out")
        #expect("\(complaint)" == "--ttl '0': too small; leave it out")
        #expect(complaint.exitCode == 2)
    }
}
