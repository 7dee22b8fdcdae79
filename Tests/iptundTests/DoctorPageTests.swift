// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing

/// docs/doctor.md lists the checks; this test keeps it beside the program.
@Suite struct DoctorPageTests {
    @Test func `the page has every check in the order of the program, and no other`() throws {
        let lines = try Repository.lines(of: "docs/doctor.md").drop { !$0.hasPrefix("| id |") }.dropFirst(2)
        let ids = lines.prefix { $0.hasPrefix("| `") }.map { "\($0.dropFirst(3).prefix { $0 != "`" })" }
        #expect(ids == Doctor.checks.map { $0.id })
    }
}
