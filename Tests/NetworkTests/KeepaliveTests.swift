// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Peers that are asked for a sign of life, over a real link.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct KeepaliveTests {
    private static let keepalive = ["--keepalive", "1s,2"]

    private func peer(of tunnel: Tunnel, when isExpected: (Report.Peer) -> Bool) throws -> Report.Peer {
        try #require(try tunnel.report { report in report.peers.first.map(isExpected) ?? false }.peers.first)
    }

    @Test func `a silent peer that answers is up, both ways, and one whose daemon is gone is down until it is back`()
        throws
    {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: Self.keepalive + ["--probe", "10.9.0.2"])
            let up = try peer(of: a) { $0.liveness == "up" && $0.rtt_microseconds != nil }
            #expect(up.liveness == "up" && up.proof == "both legs" && up.probe == "10.9.0.2")
            #expect((1...5_000_000).contains(try #require(up.rtt_microseconds)))
            try b.end()
            let report = try a.report { $0.peers.first?.liveness == "down" }
            #expect(report.state == "degraded" && report.problem == "peer 192.0.2.2: it does not answer")
            #expect(try a.host.iptund("status", a.name).status == 3)
            _ = try lab.upB(b.host)
            #expect(try peer(of: a) { $0.liveness == "up" }.liveness == "up")
        }
    }

    @Test
    func `without a probe and an address the peer's kernel answers beside the tunnel, which proves the way there`()
        throws
    {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try a.up(["--peer", "192.0.2.2"] + Self.keepalive)
            let other = try lab.upB(b)
            let up = try peer(of: tunnel) { $0.liveness == "up" }
            #expect(up.liveness == "up" && up.proof == "one leg")
            #expect(up.received.packets == 0)
            #expect(
                try peer(of: other) { $0.received.packets > 0 }.received.packets > 0, "it was asked through the tunnel")
        }
    }

    @Test func `questions that are wrapped by the daemon itself have the TTL of a reload`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            // By the inner destination: the peer's outer address, which nothing but such a question is for.
            try b.startCounting("ip protocol 4 ip ttl 33 @nh,288,32 0xc0000202")
            func file(_ ttl: Int) throws -> String {
                let text = "[Interface]\nKeepalive = 1s,2\nTTL = \(ttl)\n[Peer]\nEndpoint = 192.0.2.2\n"
                return try lab.file("a/ttl", text)
            }
            let tunnel = try a.up([try file(44)])
            _ = try peer(of: tunnel) { $0.liveness == "down" }
            #expect(try b.counted() == 0)
            _ = try file(33)
            #expect(try a.iptund("reload", tunnel.name).status == 0)
            try eventually("a question has the new TTL") { try b.counted() > 0 }
        }
    }

    /// A kernel that filters its tunnel strictly drops what comes from an outer address, and takes what comes from the
    /// address that the device has.
    @Test func `without a probe the other end of the device is asked, from the device's own address`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: Self.keepalive)
            try b.host.shell("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done")
            let up = try peer(of: a) { $0.proof == "both legs" }
            #expect(up.liveness == "up" && up.proof == "both legs" && up.probe == nil)
        }
    }

    /// With a /30 at both ends the lower one once asked itself, and was content.
    @Test(arguments: [("10.9.0.1", "10.9.0.2"), ("10.9.0.2", "10.9.0.1")])
    func `no end of a network of two asks itself`(ours: String, theirs: String) throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let common = ["--allowed-ips", "10.9.0.0/30"]
            let tunnel = try a.up(["--peer", "192.0.2.2", "--address", "\(ours)/30"] + common + Self.keepalive)
            let other = try b.up(["--peer", "192.0.2.1", "--address", "\(theirs)/30"] + common)
            #expect(try peer(of: tunnel) { $0.proof == "both legs" }.liveness == "up")
            try other.end()
            #expect(try peer(of: tunnel) { $0.liveness == "down" }.liveness == "down")
        }
    }

    @Test func `nobody is asked while there is traffic, and nobody at all by default`() throws {
        try Lab.open { lab in
            let hosts = try lab.pair()
            let b = try lab.upB(hosts.b)
            let a = try lab.upA(hosts.a, ["--keepalive", "3600s", "--probe", "10.9.0.2"])
            let before = try peer(of: b) { $0.received.packets > 0 }.received.packets
            #expect(before == 1, "the first question, since nothing came yet")
            #expect(try b.report().encapsulate.received == 1, "and its answer, but no question")
            #expect(try a.host.ping("10.9.0.2") == 3)
            #expect(try a.report().encapsulate.received == 1 + 3)
            #expect(try peer(of: b) { $0.liveness == "up" }.loss_percent == nil)
        }
    }

    @Test func `replies that nobody asked for, and a flood of them, prove nothing`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            // Nothing is answered; but replies come, for every identifier that there is.
            try b.filter("input", "ip protocol 4 drop")
            let tunnel = try lab.upA(a, Self.keepalive)
            let liar = """
                import socket, struct, sys
                s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
                def sum16(d):
                    t = sum(struct.unpack("!%dH" % (len(d) // 2), d)); t = (t >> 16) + (t & 65535)
                    return 65535 & ~(t + (t >> 16))
                for id in range(0, 65536):
                    m = struct.pack("!BBHHH8s", 0, 0, 0, id, 1, b"x" * 8)
                    s.sendto(m[:2] + struct.pack("!H", sum16(m)) + m[4:], ("192.0.2.1", 0))
                """
            try b.shell("python3 -c '\(liar)'")
            #expect(try peer(of: tunnel) { $0.liveness == "down" }.loss_percent == 100)
        }
    }
}
