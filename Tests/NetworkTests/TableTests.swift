// SPDX-License-Identifier: Apache-2.0

import Testing

/// Routes where somebody else chooses: none at all, or in a table of their own.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct TableTests {
    /// The peer lies in its own prefix, so that by itself the tunnel would make rules.
    private func file(_ lab: Lab, table: String) throws -> String {
        let text = """
            [Interface]
            Address    = 10.9.0.1/32
            Table      = \(table)

            [Peer]
            Endpoint   = 192.0.2.2
            AllowedIPs = 10.9.0.2/32, 192.0.2.0/25

            """
        return try lab.file("a/tab", text)
    }

    /// What `ip` says of rules and of the routes of a table.
    private func rules(_ host: Host) throws -> String { try host.shell("ip rule") }

    @Test func `with Table = off there are no routes and no rules, and packets that are routed by hand pass`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let (before, rules) = (try a.state, try rules(a))
            let routes = try a.routes
            let tunnel = try a.up([try file(lab, table: "off")])
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            #expect(try a.routes == routes)
            #expect(try self.rules(a) == rules)
            #expect(try a.shell("ip route show table all proto 203").isEmpty)
            try a.shell("ip route add 10.9.0.2/32 dev tab")
            #expect(try a.ping("10.9.0.2") == 3)
            #expect(try tunnel.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `with Table = 100 the routes are there and nowhere else, beside those that people made`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell(
                "ip route add 10.77.0.0/16 dev eth0 table 100; ip route add 10.78.0.0/16 dev eth0 table 100 proto boot")
            let (before, rules, routes) = (try a.state, try rules(a), try a.routes)
            let tunnel = try a.up([try file(lab, table: "100")])
            #expect(try a.routes == routes)
            #expect(try self.rules(a) == rules)
            #expect(
                try a.shell("ip route show table 100 proto 203 | sed 's/ *$//'").split(separator: "\n") == [
                    "10.9.0.2 dev tab scope link src 10.9.0.1", "192.0.2.0/25 dev tab scope link src 10.9.0.1",
                ])
            #expect(try tunnel.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test(arguments: [("bird", "12 (bird)"), ("77", "77")])
    func `a table that another program sees to is refused, and the program is named`(made: String, named: String) throws
    {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add 10.77.0.0/16 dev eth0 table 100 proto \(made)")
            let file = try file(lab, table: "100")
            for words in [["up"], ["up", "--dry-run"]] {
                let message = try a.refuses([Host.program] + words + [file], status: 1)
                explains(message)
                #expect(
                    message.contains("Table = 100: another program sees to this table (its routes are proto \(named))"))
            }
        }
    }
}
