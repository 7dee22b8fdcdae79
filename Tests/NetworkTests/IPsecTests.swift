// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// IPsec policies for protocol 4, as RFC 4891 and docs/security.md have them: what they forbid neither leaves nor arrives, and
/// what they want protected never leaves in clear. So it is with a tunnel of the kernel. (What others saw: transport mode that
/// sends in clear, opnsense/core#1875; policies with marks, cilium/cilium#21370.)
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct IPsecTests {
    /// `ip xfrm policy add` for what a sends and what b gets of protocol 4.
    private static func policy(_ direction: String, _ rest: String) -> String {
        "ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 proto 4 dir \(direction) \(rest)"
    }
    /// Protection by a key that nobody has agreed on yet.
    private static let wanted =
        "tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode transport reqid 1"

    /// The address of the policy, as selectors of all kinds may name it.
    private static let selectors = [
        "src 192.0.2.1/32 dst 192.0.2.2/32 proto 4", "src 192.0.2.0/24 dst 0.0.0.0/0 proto 4",
        "src 0.0.0.0/0 dst 0.0.0.0/0 proto 4", "src 192.0.2.1/32 dst 192.0.2.2/32",
        "src 0.0.0.0/0 dst 192.0.2.2/32 proto 4 dev eth0", "src 0.0.0.0/0 dst 0.0.0.0/0 proto 4 mark 0x1994",
    ]

    @Test(arguments: selectors)
    func `nothing leaves past a policy that blocks it, and the drop has a name`(selector: String) throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            #expect(try a.host.ping("10.9.0.2") == 3)
            try b.host.startCounting("ip protocol 4")
            try a.host.shell("ip xfrm policy add \(selector) dir out action block")
            try a.host.flood("10.9.0.2", 100)
            let report = try a.report { $0.peers[0].sent.drops["forbidden"] ?? 0 >= 100 }
            #expect(report.peers[0].sent.drops["forbidden"] == 100)
            #expect(try b.host.counted() == 0)
            try a.host.shell("ip xfrm policy flush")
            #expect(try a.host.ping("10.9.0.2") == 3)
        }
    }

    @Test func `0 of 10,000 packets leave or arrive in clear past a policy that matches`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try b.host.startCounting("ip protocol 4")
            try a.host.shell(IPsecTests.policy("out", "action block"))
            // In pieces: on a busy machine most of one flood would be lost at the device, and prove nothing.
            var sent = try a.report()
            for piece in 1...20 {
                try a.host.flood("10.9.0.2", 500)
                sent = try a.report { $0.encapsulate.received + $0.kernel_losses.device >= piece * 500 }
            }
            #expect(sent.encapsulate.received + sent.kernel_losses.device >= 10_000)
            #expect(sent.encapsulate.delivered == 0 && sent.encapsulate.received > 1000)
            #expect(try b.host.counted() == 0)

            try a.host.shell("ip xfrm policy flush")
            try b.host.shell(IPsecTests.policy("in", "action block"))
            let before = try b.report().decapsulate.received
            let packet = CraftedPacket.outer(CraftedPacket.datagram("10.9.0.1", "10.9.0.2", port: 9).octets)
            try a.host.send(Array(repeating: packet, count: 10_000))
            #expect(try b.host.counted() == 10_000)
            #expect(try b.report().decapsulate.received == before)
        }
    }

    @Test func `what is to be protected waits for its key, and does not leave in clear meanwhile`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try b.host.startCounting("ip protocol 4")
            try a.host.shell(IPsecTests.policy("out", IPsecTests.wanted))
            try a.host.flood("10.9.0.2", 1000)
            try eventually("they are taken from the device") { try a.report().encapsulate.received >= 300 }
            #expect(try b.host.counted() == 0)
        }
    }

    @Test func `what arrives in clear and is to be protected is dropped`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try b.host.startCounting("ip protocol 4")
            try b.host.shell(IPsecTests.policy("in", IPsecTests.wanted))
            let before = try b.report().decapsulate.received
            try a.host.flood("10.9.0.2", 1000)
            try eventually("they arrive") { try b.host.counted() >= 300 }
            #expect(try b.report().decapsulate.received == before)
        }
    }

    /// What `ping --underlay` and the sign of life send is protocol 4, too.
    @Test func `no other socket of ours leaves past a policy`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let file = try lab.file(
                "k.conf",
                """
                [Interface]
                Address = 10.9.0.1/32
                Keepalive = 1s,2
                [Peer]
                Endpoint = 192.0.2.2
                AllowedIPs = 10.9.0.2/32
                """)
            try b.startCounting("ip protocol 4")
            try a.shell(IPsecTests.policy("out", "action block"))
            let tunnel = try a.up([file])
            _ = try a.iptund("ping", tunnel.name, "--count", "3", "--interval", "0.2")
            _ = try a.iptund("doctor", tunnel.name)
            #expect(try b.counted() == 0)
        }
    }

    /// A kernel before Linux 6.4, played by one that refuses the first message with a control message.
    @Test func `where the kernel would not apply a policy, nothing starts that it is about`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let strace = Strace(log: lab.directory + "/trace", call: "sendmmsg", injection: "error=EINVAL:when=1")
            let options = ["--peer", "192.0.2.2", "--address", "10.9.0.1 peer 10.9.0.2"]
            try a.shell(IPsecTests.policy("out", IPsecTests.wanted))
            let before = try a.state
            let ending = try a.run(strace.words + [Host.program, "up"] + options)
            #expect(ending.status == 1)
            explains(ending.text)
            #expect(ending.text.contains("would leave in clear"))
            #expect(try a.changes(since: before) == [])
            try a.shell("ip xfrm policy flush; " + IPsecTests.policy("out", "action allow"))
            let tunnel = try a.up(options, through: strace.words)
            #expect(try tunnel.end() == 0)
        }
    }

    @Test func `a rule for protocol 4 sees what is sent`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            try a.host.shell("ip route add unreachable 192.0.2.2 table 77; ip rule add priority 5 ipproto 4 lookup 77")
            #expect(try a.host.ping("10.9.0.2", count: 2, "-W", "0.3") == 0)
            let report = try a.report { $0.encapsulate.dropped == 2 }
            #expect(report.peers[0].sent.drops == ["unreachable": 2])
            #expect(try a.host.ping("192.0.2.2") == 3)
        }
    }
}
