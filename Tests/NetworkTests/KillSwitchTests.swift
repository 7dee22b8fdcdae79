// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What is behind the peers stays unreachable when a daemon dies, until somebody says otherwise.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct KillSwitchTests {
    /// A tunnel at `a`, which has a default route by b.
    private func up(_ a: Host, _ prefixes: String, _ options: String...) throws -> Tunnel {
        try a.up(
            ["--device", "mine", "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", prefixes]
                + ["--kill-switch"] + options)
    }

    private func isReachable(_ address: String, from a: Host) throws -> Bool {
        try a.run(["ip", "route", "get", address]).status == 0
    }

    @Test(arguments: ["0.0.0.0/0", "192.0.0.0/16,203.0.113.0/24", "203.0.113.0/24"])
    func `nothing leaves in clear after a crash, whichever table the routes are in`(prefixes: String) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add default via 192.0.2.2")
            let before = try a.state
            let tunnel = try up(a, prefixes)
            #expect(try a.device(to: "203.0.113.9") == "mine")
            #expect(try !WayToEnd.killed.perform(tunnel))
            #expect(try !isReachable("203.0.113.9", from: a))
            // The peer is no part of what is behind it.
            #expect(try a.device(to: "192.0.2.2 mark 0x1994") == "eth0")
            let again = try up(a, prefixes)
            #expect(try a.device(to: "203.0.113.9") == "mine")
            // A supervisor stops it, and may start it again.
            #expect(try again.end() == 0)
            #expect(again.process.text.contains("the kill switch stays: the next start takes it over"))
            #expect(try !isReachable("203.0.113.9", from: a))
            #expect(
                try a.iptund().text.contains("mine is not up, and its kill switch stands: 'iptund down mine' lifts it"))
            let shown = try a.iptund("show", "mine")
            #expect(shown.status == 1)
            #expect(
                shown.text.contains("tunnel mine is not up: and its kill switch stands; start it again, or lift that"))
            #expect(try up(a, prefixes).end(SIGINT) == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `it survives any number of crashes, and they leave one tunnel's changes`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add default via 192.0.2.2")
            let before = try a.state
            #expect(try !WayToEnd.killed.perform(try up(a, "0.0.0.0/0")))
            let crashed = try a.state.filter { !$0.contains("index") && !$0.contains("\"link") }.count
            for _ in 1...22 { #expect(try !WayToEnd.killed.perform(try up(a, "0.0.0.0/0"))) }
            #expect(try a.state.filter { !$0.contains("index") && !$0.contains("\"link") }.count == crashed)
            try a.down("mine")
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `a supervisor that cleans up leaves it, whatever the end was`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add default via 192.0.2.2")
            let before = try a.state
            for (way, result) in [(WayToEnd.killedAlone, "signal"), (.terminatedAlone, "success")] {
                let cleaning = ["env", "RUNTIME_DIRECTORY=/run/iptund/mine@\(try a.inode)", "SERVICE_RESULT=\(result)"]
                #expect(try way.perform(try up(a, "0.0.0.0/0")))
                #expect(try a.run(cleaning + [Host.program, "down", "mine"]).status == 0)
                #expect(try !isReachable("203.0.113.9", from: a))
            }
            try a.down("mine")
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `a start with other prefixes lifts the barriers of the old ones`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add default via 192.0.2.2")
            let before = try a.state
            #expect(try !WayToEnd.killed.perform(try up(a, "203.0.113.0/24,198.51.100.0/24")))
            let tunnel = try up(a, "203.0.113.0/24")
            #expect(try isReachable("198.51.100.1", from: a))
            #expect(try a.device(to: "203.0.113.9") == "mine")
            #expect(try !WayToEnd.killed.perform(tunnel))
            #expect(try isReachable("198.51.100.1", from: a) && !isReachable("203.0.113.9", from: a))
            try a.down("mine")
            #expect(try a.changes(since: before) == [])
        }
    }
}
