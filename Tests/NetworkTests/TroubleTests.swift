// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What goes wrong outside of the daemon, and what it makes of that.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct TroubleTests {
    @Test func `a peer without a daemon is explained, and nothing is lost when it comes`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try lab.upA(a)
            #expect(try a.ping("10.9.0.2", count: 3, "-W", "0.2") == 0)
            let report = try tunnel.report {
                $0.encapsulate.icmp_errors_received + $0.decapsulate.icmp_errors_received > 0
            }
            #expect(report.encapsulate.icmp_errors_received + report.decapsulate.icmp_errors_received > 0)
            let text = try a.iptund("show").text
            // The latter where the kernel's own tunnels are loaded.
            let meanings = ["nothing decapsulates there (ICMP 3/2", "no tunnel to us (ICMP 3/3"]
            #expect(meanings.contains { text.contains($0) }, "\(text)")
            _ = try lab.upB(b)
            #expect(try a.ping("10.9.0.2", count: 20) == 20)
            let after = try tunnel.report { $0.encapsulate.delivered == 23 }
            #expect(after.encapsulate.delivered == 23)
            #expect(after.encapsulate.dropped == 0)
        }
    }

    @Test func `a device that somebody deletes ends the daemon, with one line and no trace`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let tunnel = try lab.upA(a)
            let keeper = try tunnel.keeper
            let start = Clock.milliseconds
            try a.shell("ip link delete iptun0")
            #expect(try tunnel.process.wait() == 1)
            #expect(Clock.milliseconds - start < 10_000)
            let lines = tunnel.process.lines.drop { !$0.contains(" is up: ") }.dropFirst()
            let complaints = lines.filter { !$0.hasPrefix("[#]") }
            #expect(complaints.count == 1)
            #expect(complaints.first?.hasPrefix("iptund: device iptun0: was deleted by somebody; ") == true)
            #expect(Running.isGone(keeper))
            #expect(try a.changes(since: before) == [])
        }
    }
}
