// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// However a tunnel ends, both hosts are as they were before.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct CleanExitTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `after a signal to end there is no trace`(signal: Int32) throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let before = (a: try a.state, b: try b.state)
            let ends = (a: try lab.upA(a), b: try lab.upB(b))
            #expect(try a.ping("10.9.0.2") == 3)
            #expect(try a.changes(since: before.a) != [])
            let keepers = [try ends.a.keeper, try ends.b.keeper]
            #expect(try ends.a.end(signal) == 0)
            #expect(try ends.b.end(signal) == 0)
            #expect(try a.changes(since: before.a) == [])
            #expect(try b.changes(since: before.b) == [])
            #expect(keepers.hasOnly(where: Running.isGone))
        }
    }

    @Test func `after SIGKILL the keeper leaves no trace`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let tunnel = try a.up(
                "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.1.0/24,192.0.2.0/25")
            let keeper = try tunnel.keeper
            #expect(try tunnel.end(SIGKILL) == 128 + SIGKILL)
            try eventually("the keeper is done", within: 5) { Running.isGone(keeper) }
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `the keeper outlives a Ctrl-C, which goes to the whole group of processes`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let tunnel = try lab.upA(a)
            for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1] { kill(try tunnel.keeper, number) }
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `either end restarts alone, and traffic resumes at once`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            #expect(try a.host.ping("10.9.0.2") == 3)
            try b.end()
            #expect(try a.host.ping("10.9.0.2", count: 3, "-W", "0.2") == 0)
            let again = try lab.upB(b.host)
            #expect(try a.host.ping("10.9.0.2") == 3)
            try a.end()
            _ = try lab.upA(a.host)
            #expect(try again.host.ping("10.9.0.1") == 3)
        }
    }

    @Test func `twenty starts in a row work, each while the last one still ends`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            var last: Tunnel?
            for _ in 1...20 {
                last?.process.signal(SIGTERM)
                let next = try a.up("--peer", "192.0.2.2", "--address", "10.9.0.1 peer 10.9.0.2", "--device", "again")
                #expect(try last?.process.wait() ?? 0 == 0)
                last = next
            }
            #expect(try last?.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }
}
