// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What a tunnel cannot be without is taken away: it says so and ends, at once, and leaves nothing behind.
@Suite(.needsRoot)
struct VanishedTests {
    /// What a busy machine may take, milliseconds: the daemon takes less than one second of its own.
    private static let patience: UInt64 = 10_000

    /// See ``Lab/gateway()`` for the network.
    @Test(arguments: [
        (Variety.everything, "ip link delete mine", "device mine: was deleted by somebody"),
        (.bare, "ip link delete mine", "device mine: was deleted by somebody"),
    ])
    func `it ends by itself, soon, and says why`(variety: Variety, command: String, reason: String) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            let a = gateway.a
            let before = try a.state
            try a.shell("ip address add 192.0.2.50/24 dev eth0")
            let tunnel = try a.up(variety.arguments(gateway) + ["--local", "192.0.2.50"])
            let start = Clock.milliseconds
            try a.shell(command)
            #expect(try tunnel.process.wait() == 1)
            #expect(Clock.milliseconds - start < VanishedTests.patience)
            let complaints = tunnel.process.lines.filter { $0.hasPrefix("iptund: ") && $0.contains(reason) }
            #expect(complaints.count == 1, "\(tunnel.process.text)")
            explains((complaints.first ?? "") + "\n")
            _ = try a.run(["ip", "address", "delete", "192.0.2.50/24", "dev", "eth0"])
            #expect(try a.changes(since: before) == [])
            try a.expectNothingToDo(Variety.name)
        }
    }

    @Test(arguments: [Variety.everything, .bare])
    func `an outer address that is gone degrades the tunnel until it is back`(variety: Variety) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            let a = gateway.a
            try a.shell("ip address add 192.0.2.50/24 dev eth0")
            let tunnel = try a.up(variety.arguments(gateway) + ["--local", "192.0.2.50"])
            try a.shell("ip address delete 192.0.2.50/24 dev eth0")
            let report = try tunnel.report { $0.state == "degraded" }
            #expect(report.problem?.contains("192.0.2.50") == true, "\(report.problem ?? "")")
            try a.shell("ip address add 192.0.2.50/24 dev eth0")
            _ = try tunnel.report { $0.state == "up" }
            #expect(!tunnel.process.hasEnded)
        }
    }

    @Test func `an address that is back at once is none that vanished`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try a.shell("ip address add 192.0.2.50/24 dev eth0")
            _ = try b.up("--peer", "192.0.2.50", "--address", "10.9.0.2 peer 10.9.0.1")
            let tunnel = try lab.upA(a, ["--local", "192.0.2.50"])
            let before = try a.state
            try a.shell("ip address delete 192.0.2.50/24 dev eth0; ip address add 192.0.2.50/24 dev eth0")
            // Three packets, a second apart: by the second one it would have ended.
            #expect(try a.ping("10.9.0.2", count: 3, "-l", "1") == 3)
            #expect(!tunnel.process.hasEnded)
            #expect(try tunnel.report().state == "up")
            #expect(try a.changes(since: before) == [])
            #expect(try tunnel.end() == 0)
        }
    }
}
