// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
@testable import iptund

@Suite struct ExplainingTests {
    @Test func `what works gives its value`() throws {
        #expect(try explaining("cannot", whatNow: "never") { () throws(Errno) in 7 } == 7)
    }

    @Test func `what fails is explained`() {
        #expect(throws: Complaint("cannot open", .noSuchFile, whatNow: "make it")) {
            try explaining("cannot open", whatNow: "make it") { () throws(Errno) in throw Errno.noSuchFile }
        }
    }
}
