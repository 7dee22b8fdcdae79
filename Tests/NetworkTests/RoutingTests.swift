// SPDX-License-Identifier: Apache-2.0

import Testing

/// Routes into the tunnel: ours, and anybody's, none of which makes it loop.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct RoutingTests {
    @Test(arguments: ["192.0.2.0/25", "default", "0.0.0.0/1"])
    func `a route into the tunnel that covers the peer makes no loop`(route: String) throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            try a.host.shell("ip route add \(route) dev iptun0")
            #expect(try a.host.ping("10.9.0.2") == 3)
            let report = try a.report { $0.encapsulate.delivered == 3 }
            #expect(report.encapsulate.dropped == 0)
            #expect(report.encapsulate.received == 3)
        }
    }

    @Test func `a loop that somebody makes by deleting the pin is cut at its first packet`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            // It would make the pin again before the third packet.
            lab.stopKeepers()
            try a.host.shell("ip route add 192.0.2.0/25 dev iptun0; ip route delete 192.0.2.2 dev eth0 proto 203")
            #expect(try a.host.ping("10.9.0.2", count: 3, "-W", "0.2") == 0)
            let report = try a.report { $0.encapsulate.dropped == 3 }
            #expect(report.encapsulate.received == 6)
            #expect(report.encapsulate.dropped == 3)
            let drops = [report.encapsulate.drops, report.peers.first?.sent.drops ?? [:]].filter { !$0.isEmpty }
            #expect(drops == [["loop": 3]])
            #expect(try b.report().decapsulate.received == 0)
        }
    }

    @Test func `allowed prefixes are routed, with our inner address as source`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.routes
            _ = try a.up(
                "--peer", "192.0.2.2", "--address", "10.9.1.1/32", "--allowed-ips", "10.9.2.0/24,10.9.3.7/32")
            let expected = [
                "10.9.2.0/24 dev iptun0 proto 203 scope link src 10.9.1.1",
                "10.9.3.7 dev iptun0 proto 203 scope link src 10.9.1.1",
            ]
            #expect(try a.routes.filter { !before.contains($0) } == expected)
        }
    }
}
