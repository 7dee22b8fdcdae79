// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Which changes of tables are heard, and of whose.
@Suite(.needsRoot) struct FilterChangesTests {
    /// Whether a change of the table `mine` is heard.
    private func isHeard(_ changes: borrowing FilterChanges) -> Bool { changes.drain(about: "mine") }

    @Test(arguments: [
        "add table ip mine", "add table ip mine; add chain ip mine out", "add table ip mine; delete table ip mine",
        "add table ip mine; add set ip mine s { type ipv4_addr; }; add element ip mine s { 1.2.3.4 }",
        "add table ip6 mine",
    ])
    func `a change of the table is heard`(command: String) throws {
        try inFreshNetwork {
            let changes = try FilterChanges()
            let heard1 = isHeard(changes)
            #expect(!heard1)
            try shell("nft '\(command)'")
            let heard2 = isHeard(changes)
            #expect(heard2)
            let heard3 = isHeard(changes)
            #expect(!heard3)
        }
    }

    @Test(arguments: [
        "add rule ip mine out accept", "flush chain ip mine out", "flush ruleset", "delete table ip mine",
        "add table ip mine { flags dormant; }",
    ])
    func `each thing that takes away from it is heard`(command: String) throws {
        try inFreshNetwork {
            try shell("nft 'add table ip mine; add chain ip mine out; add rule ip mine out drop'")
            let changes = try FilterChanges()
            try shell("nft '\(command)'")
            let heard4 = isHeard(changes)
            #expect(heard4)
        }
    }

    @Test(arguments: [
        "add table ip mine2", "add table ip min; delete table ip min", "add table inet t; add chain inet t mine",
    ])
    func `a change of others' tables is none`(command: String) throws {
        try inFreshNetwork {
            let changes = try FilterChanges()
            try shell("nft '\(command)'")
            let heard5 = isHeard(changes)
            #expect(!heard5)
        }
    }

    @Test func `what is too much to be heard counts`() throws {
        try inFreshNetwork {
            let changes = try FilterChanges()
            let elements = (0..<60_000).map { "10.\($0 / 65_536).\($0 / 256 % 256).\($0 % 256)" }
            let text =
                "table ip other { set s { type ipv4_addr; elements = { \(elements.joined(separator: ", ")) }; }; }"
            try Files.write(Array(text.utf8), to: "/tmp/iptund-many-\(Environment.processID)")
            defer { Files.remove("/tmp/iptund-many-\(Environment.processID)") }
            try shell(
                "for n in 1 2 3; do nft -f /tmp/iptund-many-\(Environment.processID); nft delete table ip other; done")
            let heard6 = isHeard(changes)
            #expect(heard6)
        }
    }
}
