// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Somebody routes the peer into its own tunnel by a rule that beats every route, also our pin.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct LoopTests {
    /// A full tunnel made by hand: everything, also to the peer, is routed into the device.
    private static let fullTunnel = "ip route add default dev iptun0 table 100; ip rule add priority 100 lookup 100"
    /// The way out: what iptund marks, and what is protocol 4, keeps to the ordinary routes.
    private static let wayOut = """
        ip rule add priority 90 fwmark 0x1994 lookup main
        ip rule add priority 91 ipproto 4 lookup main
        """

    @Test func `each packet goes round once, and the log says why`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try b.host.startCounting("ip protocol 4")
            try a.host.shell(LoopTests.fullTunnel)
            try a.process.waitFor("a peer is routed into its own tunnel; add a route to it")
            #expect(try a.host.ping("10.9.0.2", count: 5, "-W", "0.2") == 0)
            let report = try a.report { $0.encapsulate.dropped == 5 }
            #expect(report.encapsulateDrops == ["loop": 5])
            #expect(report.encapsulate.received == 10)
            #expect(report.encapsulate.outer_packets == 5)
            try eventually("the log says so", within: 3) { a.process.text.contains("our own outer packets come back") }
            try a.expectEveryPacketAccountedFor()
            #expect(try a.report().encapsulate.received == 10)
            #expect(try b.host.counted() == 0)
        }
    }

    @Test func `a rule is noticed by itself, when it comes and when it goes`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            try a.host.shell(
                "ip route add 192.0.2.2 dev eth0 mtu 1300 table 99; ip route add default dev iptun0 table 100")
            // What has changed so far has been looked at when this is known.
            try a.host.shell("ip link set eth0 mtu 1450")
            try eventually("the link is known") { try a.report().peers.first?.path_mtu == 1450 }
            for round in 1...2 {
                try a.host.shell("ip rule add priority 100 lookup 100")
                try eventually("warning \(round)") {
                    a.process.lines.count {
                        $0.contains("a peer is routed into its own tunnel") && $0.contains(" address=192.0.2.2 ")
                    } == round
                }
                // Another rule beats it, and leads to the link.
                try a.host.shell("ip rule add priority 99 lookup 99")
                try eventually("the way out is known") { try a.report().peers.first?.path_mtu == 1300 }
                try a.host.shell("ip rule delete priority 100; ip rule delete priority 99")
                try eventually("the old way is known") { try a.report().peers.first?.path_mtu == 1450 }
            }
        }
    }

    @Test func `a flood goes round once too, and makes few lines`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try a.host.shell(LoopTests.fullTunnel)
            try a.host.flood("10.9.0.2", 2000)
            try a.expectEveryPacketAccountedFor()
            let report = try a.report()
            #expect(report.encapsulateDrops == ["loop": report.encapsulate.dropped])
            // What came in is what was sent, and once more what we sent.
            #expect(
                report.encapsulate.received + report.kernel_losses.device == 2000 + report.encapsulate.outer_packets)
            #expect(report.encapsulate.delivered == report.encapsulate.outer_packets)
            #expect(try b.report().decapsulate.received == 0)
            #expect(a.process.lines.count { $0.contains("our own outer packets come back") } == 1)
        }
    }

    /// Only the peer is routed into the tunnel, not the router: whose ARP requests a strict filter would ignore then.
    ///
    /// ```
    ///   10.9.0.1  iptun0 ································································ iptun0  10.9.0.2
    ///                    a  192.0.2.1 ──── 192.0.2.254  router  198.51.100.254 ──── 198.51.100.2  b
    /// ```
    @Test func `rules by mark and by protocol end the loop, with strict reverse path filters everywhere`() throws {
        try Lab.open { lab in
            let (left, _, right) = try lab.routedPair()
            let a = try left.up("--peer", "198.51.100.2", "--address", "10.9.0.1 peer 10.9.0.2")
            let b = try right.up("--peer", "192.0.2.1", "--address", "10.9.0.2 peer 10.9.0.1")
            for (end, peer) in [(a, "198.51.100.2"), (b, "192.0.2.1")] {
                for device in ["all", "eth0", "iptun0"] {
                    try end.host.shell("echo 1 > /proc/sys/net/ipv4/conf/\(device)/rp_filter")
                }
                try end.host.shell(
                    "ip route add default dev iptun0 table 100; ip rule add priority 100 to \(peer) lookup 100")
            }
            #expect(try left.ping("10.9.0.2", count: 3, "-W", "0.2") == 0)
            let looped = try a.report { $0.encapsulate.dropped == 3 }
            #expect(looped.encapsulateDrops == ["loop": 3])
            for end in [a, b] { try end.host.shell(LoopTests.wayOut) }
            for (end, other) in [(a, "10.9.0.2"), (b, "10.9.0.1")] {
                #expect(try end.host.ping(other, count: 20) == 20)
                #expect(try end.host.ping(other, count: 3, "-M", "dont", "-s", "4000") == 3)
                try end.expectEveryPacketAccountedFor()
            }
            #expect(try a.report().encapsulateDrops == ["loop": 3])
            #expect(try b.report().encapsulateDrops == [:])
        }
    }

    @Test func `a mark alone does, where reverse paths are not filtered`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try a.host.shell("ip rule add priority 90 fwmark 0x1994 lookup main; " + LoopTests.fullTunnel)
            #expect(try a.host.ping("10.9.0.2", count: 20) == 20)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
            #expect(try a.report().encapsulate.dropped == 0)
            #expect(!a.process.text.contains("is routed into its own tunnel"))
        }
    }
}
