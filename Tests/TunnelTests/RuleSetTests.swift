// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct RuleSetTests {
    @Test func `our addresses are those that were given, and no others`() throws {
        let rules = RuleSet(table: try Example.table(), ownAddresses: [Example.local, Example.ours])
        #expect(rules.isOurs(Example.local) && rules.isOurs(Example.ours))
        #expect(!rules.isOurs(Example.firsts) && !rules.isOurs(Example.firstEndpoint))
        #expect(rules.table.peers.count == 2)
    }

    @Test func `a host without addresses has none, and 0.0.0.0 is never one`() throws {
        let table = try Example.table()
        #expect(!RuleSet(table: table).isOurs(Example.local))
        let rules = RuleSet(table: table, ownAddresses: [.unspecified, Example.local])
        #expect(!rules.isOurs(.unspecified))
        #expect(rules.isOurs(Example.local))
    }
}
