// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Nobody decapsulates at the peer; its kernel says so about every packet, and that must cost nothing but the answers.
///
/// ```
///   10.9.0.1  iptun0 ······ ICMP 3/2 ←
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b  (no daemon)
/// ```
@Suite(.needsRoot)
struct AbsentPeerTests {
    @Test func `every packet leaves nevertheless, and its sender is told once a second`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pairWithSilentB()
            let tunnel = try lab.upA(a)
            let text = try a.run(["ping", "-n", "-c", "25", "-i", "0.1", "-W", "1", "10.9.0.2"]).text
            let told = text.split(separator: "\n").count {
                $0.hasPrefix("From 10.9.0.1 ") && $0.hasSuffix("Destination Host Unreachable")
            }
            // 2.4 seconds from the first to the last; a busy machine takes longer, but never sends more.
            #expect((2...20).contains(told), "\(text)")
            #expect(try b.counted() == 25)
            let report = try tunnel.report { $0.decapsulate.icmp_errors_received == 25 }
            #expect(report.decapsulate.icmp_errors_received == 25)
            #expect(report.decapsulate.icmp_errors_sent == told)
            #expect(report.decapsulate.icmp_errors_rate_limited == 25 - told)
            #expect(report.encapsulate.delivered == 25)
            #expect(report.encapsulate.dropped == 0)
            let last = try #require(report.peers.first?.last_icmp_error)
            #expect(last == "the peer takes no IP-in-IP: nothing decapsulates there (ICMP 3/2 from 192.0.2.2)")
            #expect(report.peers.first?.icmp_errors_received == 25)
            try tunnel.process.waitFor(
                "the peer takes no IP-in-IP: nothing decapsulates there", "peer=192.0.2.2", "icmp=3/2", "from=192.0.2.2"
            )
            try tunnel.expectEveryPacketAccountedFor()
        }
    }

    @Test func `of a flood that draws an error for each packet not one is lost`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pairWithSilentB()
            let tunnel = try lab.upA(a)
            for _ in 1...10 { try a.flood("10.9.0.2", 300) }
            try tunnel.expectEveryPacketAccountedFor()
            let report = try tunnel.report()
            #expect(report.encapsulate.received + report.kernel_losses.device == 3000)
            #expect(report.encapsulate.dropped == 0)
            #expect(report.encapsulate.outer_packets == report.encapsulate.delivered)
            #expect(try b.counted() == report.encapsulate.delivered)
            // The peer's kernel answered each, and each answer that was heard was passed on or held back.
            let answered = try b.kernelCounter("Icmp", "OutDestUnreachs")
            let isLimited = try b.run(["test", "-e", "/proc/sys/net/ipv4/icmp_msgs_burst"]).status != 0
            #expect(isLimited || answered == report.encapsulate.delivered, "\(answered)")
            let (heard, back) = (report.decapsulate.icmp_errors_received, report.decapsulate)
            #expect((1...report.encapsulate.delivered).contains(heard))
            #expect(back.icmp_errors_sent + back.icmp_errors_rate_limited == heard)
        }
    }

    @Test func `when the peer is back, the very next packet passes`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pairWithSilentB()
            let tunnel = try lab.upA(a)
            for _ in 1...3 {
                #expect(try a.ping("10.9.0.2", count: 3, "-W", "0.2") == 0)
                let back = try lab.upB(b)
                #expect(try a.ping("10.9.0.2", count: 10) == 10)
                try back.expectEveryPacketAccountedFor()
                #expect(try back.end() == 0)
            }
            try tunnel.expectEveryPacketAccountedFor()
            #expect(try tunnel.report().encapsulate.dropped == 0)
        }
    }
}

extension Lab {
    /// ``pair()``, where b has an answer to everything and counts what it gets of protocol 4.
    fileprivate func pairWithSilentB() throws -> (a: Host, b: Host) {
        let (a, b) = try pair()
        // A kernel says "protocol unreachable" six times in a row and then once a second, unless it is told otherwise.
        try b.shell("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit")
        // The limit for all destinations together belonged to the whole machine before Linux 6.13.
        try b.shell(
            "cd /proc/sys/net/ipv4; for f in icmp_msgs_per_sec icmp_msgs_burst; do [ ! -e $f ] || echo 100000 > $f; done"
        )
        try b.startCounting("ip protocol 4")
        return (a, b)
    }
}
