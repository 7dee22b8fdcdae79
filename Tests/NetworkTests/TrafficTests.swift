// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct TrafficTests {
    @Test func `pings pass both ways without loss`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            #expect(try a.host.ping("10.9.0.2", count: 10) == 10)
            #expect(try b.host.ping("10.9.0.1", count: 10) == 10)
        }
    }

    @Test func `TCP passes both ways`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            for direction in [[], ["--reverse"]] {
                let stream = try Stream.run(from: a.host, to: b.host, ["-n", "20M"] + direction)
                #expect(try #require(stream.end.sent).bytes >= 20 << 20)
                // What was still on its way at the end is not counted.
                #expect(try #require(stream.end.received).bytes > 10 << 20)
            }
        }
    }

    @Test func `UDP passes both ways without loss`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            for direction in [[], ["--reverse"]] {
                let stream = try Stream.run(from: a.host, to: b.host, ["-u", "-b", "5M", "-t", "1"] + direction)
                let datagrams = try #require(stream.end.sum)
                #expect(datagrams.packets ?? 0 > 100)
                #expect(datagrams.lost == 0)
            }
        }
    }

    @Test func `a TCP stream never stalls`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            let stream = try Stream.run(from: a.host, to: b.host, ["-t", "5"])
            #expect(stream.intervals.count >= 5)
            #expect(stream.intervals.hasOnly { $0.sum.bytes > 0 })
        }
    }

    @Test func `a thousand packets each way all arrive, and both ends count them alike`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            #expect(try a.host.ping("10.9.0.2", count: 1000, "-f", "-i", "0") == 1000)
            #expect(try b.host.ping("10.9.0.1", count: 1000, "-f", "-i", "0") == 1000)
            for end in [a, b] {
                let report = try end.report { $0.encapsulate.delivered >= 2000 && $0.decapsulate.delivered >= 2000 }
                for direction in [report.encapsulate, report.decapsulate] {
                    #expect(direction.received == 2000)
                    #expect(direction.delivered == 2000)
                    #expect(direction.dropped == 0)
                    #expect(direction.icmp_errors_received == 0)
                }
                let peer = try #require(report.peers.first)
                for transfer in [peer.sent, peer.received] {
                    #expect(transfer.packets == 2000)
                    #expect(transfer.octets == 2000 * 84)
                    #expect(transfer.drops.isEmpty)
                }
            }
        }
    }

    @Test func `1480 octets pass with DF, and one more is refused by the host itself`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            for (end, other) in [(a, "10.9.0.2"), (b, "10.9.0.1")] {
                #expect(try end.host.ping(other, count: 3, "-M", "do", "-s", "1452") == 3)
                let refused = try end.host.run(["ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1453", other])
                #expect(refused.status == 1)
                #expect(refused.text.contains("message too long, mtu=1480"))
                #expect(try end.report().encapsulate.dropped == 0)
            }
        }
    }

    @Test func `packets without DF are cut to the MTU of the tunnel and put together again`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            #expect(try a.host.ping("10.9.0.2", count: 3, "-M", "dont", "-s", "4000") == 3)
            let report = try b.report { $0.encapsulate.delivered == 9 }
            #expect(report.decapsulate.delivered == 9)
            #expect(report.encapsulate.delivered == 9)
        }
    }
}
