// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// docs/doctor.md prints the table of faults; this test keeps it beside the program. It needs no root.
struct FaultPageTests {
    @Test func `the page has every fault with the check that names it, and no other`() throws {
        let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
        let lines = try Files.read("\(root)/docs/doctor.md").split(separator: "\n")
        let rows = lines.drop { !$0.hasPrefix("| fault |") }.dropFirst(2).prefix { $0.hasPrefix("|") }
        #expect(rows.map(String.init) == Fault.all.map { "| \($0.name) | `\($0.expected)` |" })
    }

    @Test func `every fault has a name of its own`() {
        #expect(Set(Fault.all.map(\.name)).count == Fault.all.count)
    }
}
