// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// A link on the way takes less than the first one, as ordinary programs see it through the tunnel.
///
/// ```
///   10.9.0.1  iptun0 ···················································· iptun0  10.9.0.2
///                    a ─── 1500 ─── r1 ─── 1500 ─── r2 ─── 1400 ─── r3 ─── 1500 ─── b
/// ```
@Suite(.needsRoot)
struct PathMTUTests {
    @Test func `a ping that may not be cut is told what fits, and what fits passes`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            try chain.narrow(to: 1400)
            let tunnel = try chain.tunnel()
            let told = try chain.a.run(["ping", "-n", "-c", "1", "-W", "2", "-M", "do", "-s", "1400", "10.9.0.2"])
            #expect(told.text.contains("From 10.9.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1380)"), "\(told.text)")
            #expect(try chain.a.ping("10.9.0.2", "-M", "do", "-s", "1352") == 3)
            let refused = try chain.a.run(["ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1353", "10.9.0.2"])
            #expect(refused.text.contains("message too long, mtu=1380"), "\(refused.text)")
            let report = try tunnel.a.report()
            #expect(report.peers.first?.path_mtu == 1400)
            #expect(report.underlay_mtu == 1500)
            #expect(report.decapsulate.icmp_errors_sent == 1)
            #expect(report.peers.first?.last_icmp_error?.contains("takes 1400 (ICMP 3/4 from 10.1.2.2)") == true)
            try tunnel.a.process.waitFor("the path MTU to a peer is 1400 now, so 1380 inside", "peer=10.1.4.2")
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `who sends another packet that is too long is told by the tunnel itself`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            try chain.narrow(to: 1400)
            let tunnel = try chain.tunnel()
            try chain.learn(tunnel, expecting: 1400)
            let before = try tunnel.a.report()
            let told = try chain.a.run(["ping", "-n", "-c", "1", "-W", "2", "-M", "do", "-s", "1353", "10.9.0.2"])
            #expect(told.text.contains("From 10.9.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1380)"), "\(told.text)")
            let report = try tunnel.a.report { $0.encapsulate.icmp_errors_sent > before.encapsulate.icmp_errors_sent }
            #expect(report.encapsulate.icmp_errors_sent == before.encapsulate.icmp_errors_sent + 1)
            #expect(report.encapsulateDrops == ["fragmentation-needed": 1])
            #expect(report.decapsulate.icmp_errors_received == before.decapsulate.icmp_errors_received)
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test(arguments: [1452, 1472, 4000]) func `what may be cut is cut to the path and arrives whole`(size: Int) throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            try chain.narrow(to: 1400)
            let tunnel = try chain.tunnel()
            try chain.learn(tunnel, expecting: 1400)
            try chain.b.startCounting("ip protocol 4 ip length > 1400")
            for _ in 1...2 {
                #expect(try chain.a.ping("10.9.0.2", count: 5, "-M", "dont", "-s", "\(size)") == 5)
                #expect(try chain.b.ping("10.9.0.1", count: 5, "-M", "dont", "-s", "\(size)") == 5)
            }
            #expect(try chain.b.counted() == 0)
            for end in [tunnel.a, tunnel.b] {
                try end.expectEveryPacketAccountedFor()
                let report = try end.report()
                #expect(report.encapsulate.fragmented >= 20)
                #expect(report.encapsulate.outer_packets >= report.encapsulate.delivered + 20)
                #expect(report.encapsulate.dropped == 0)
            }
        }
    }

    @Test func `tracepath finds the path MTU, and the tunnel is one hop`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            try chain.narrow(to: 1400)
            let tunnel = try chain.tunnel()
            let text = try chain.a.shell("tracepath -n 10.9.0.2")
            #expect(text.contains(" 10.9.0.2 ") && text.contains(" reached"), "\(text)")
            #expect(text.contains("Resume: pmtu 1380 hops 1 back 1"), "\(text)")
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `the first link may fall and rise; what a router said stays until the tunnel ends`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            try chain.narrow(to: 1400)
            let tunnel = try chain.tunnel()
            try chain.learn(tunnel, expecting: 1400)
            for (octets, expected) in [(1390, 1390), (1450, 1400), (1300, 1300), (1500, 1400)] {
                try chain.a.shell("ip link set eth0 mtu \(octets)")
                try eventually("path MTU \(expected)") { try tunnel.a.report().peers.first?.path_mtu == expected }
            }
            #expect(try tunnel.a.end() == 0)
            let again = try chain.a.up("--peer", "10.1.4.2", "--address", "10.9.0.1 peer 10.9.0.2")
            #expect(try again.report().peers.first?.path_mtu == 1500)
        }
    }
}
