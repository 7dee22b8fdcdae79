// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What `iptund ping --json` prints.
private struct Answer: Decodable {
    let schema: Int
    let target: String?
    let answered: Bool
    let leg: String
    let outbound_only: Bool
    let inner: Attempt
    let outer: Attempt
    let udp: Attempt
    let hairpin: Attempt
    let unexpected_replies: Int
    let duplicates: Int
    let mtu: Size?

    struct Attempt: Decodable {
        let sent: Int
        let answered: Int
        let min_us: Int?
        let avg_us: Int?
        let max_us: Int?
    }

    struct Size: Decodable {
        let device: Int
        let largest: Int
        let reported: Int?
        let black_hole: Bool
    }
}

/// `iptund ping`, through real tunnels: what is answered, and which part of the way is said to fail.
@Suite(.needsRoot)
struct PeerPingTests {
    @Test func `a peer that answers is measured, and its path too`() throws {
        try Lab.open { lab in
            let tunnel = try lab.tunnel()
            for peer in ["192.0.2.2", "10.9.0.2"] {
                let ending = try tunnel.a.host.iptund("ping", "iptun0", peer, "-c", "3", "--mtu", "--json")
                #expect(ending.status == 0, "\(ending.text)")
                let answer = try decode(ending.text, as: Answer.self)
                #expect(answer.schema == 2)
                #expect(answer.target == "10.9.0.2")
                #expect(answer.leg == "none")
                #expect(!answer.outbound_only)
                #expect(answer.inner.sent == 3 && answer.inner.answered == 3)
                #expect(answer.outer.answered == 3)
                let times = [answer.inner.min_us, answer.inner.avg_us, answer.inner.max_us].compactMap(\.self)
                #expect(times == times.sorted() && times.count == 3 && times[0] > 0 && times[2] < 5_000_000)
                #expect(answer.mtu?.largest == 1480 && answer.mtu?.black_hole == false)
            }
            let text = try tunnel.a.host.iptund("ping", "iptun0", "192.0.2.2", "-c", "1").text
            #expect(text.contains("10.9.0.2: seq=1 time="), "\(text)")
            #expect(text.contains("1 asked, 1 answered; min/avg/max "), "\(text)")
            #expect(try tunnel.a.report().decapsulate.dropped == 0)
        }
    }

    @Test(
        arguments: zip(
            Fault.probes.filter { $0.expected != "mtu.path" },
            ["decapsulator", "endpoint", "filtered", "inside", "silent", "underlay"]))
    func `the part of the way that fails is named`(fault: Fault, leg: String) throws {
        try Lab.open { lab in
            let ward = try Ward(fault.layout, in: lab)
            try fault.inject(ward)
            let peer = fault.layout == .routed ? "198.51.100.2" : "192.0.2.2"
            let ending = try ward.a.iptund("ping", "iptun0", peer, "-c", "2", "--json")
            let answer = try decode(ending.text, as: Answer.self)
            #expect(answer.leg == leg, "\(ending.text)")
            #expect(!answer.answered)
            #expect(ending.status == 1)
            #expect(try ward.a.iptund("ping", "iptun0", peer, "-c", "1").text.contains("what fails: "))
        }
    }

    @Test func `an MTU hole is measured to the octet`() throws {
        try Lab.open { lab in
            let ward = try Ward(.routed, in: lab)
            try #require(Fault.probes.first { $0.expected == "mtu.path" }).inject(ward)
            let ending = try ward.a.iptund("ping", "iptun0", "198.51.100.2", "-c", "1", "--mtu", "--json")
            let answer = try decode(ending.text, as: Answer.self)
            #expect(answer.answered)
            #expect(answer.mtu?.largest == 1380, "\(ending.text)")
            #expect(answer.mtu?.black_hole == true)
        }
    }

    @Test func `where echo is forbidden, a closed port answers`() throws {
        try Lab.open { lab in
            let tunnel = try lab.tunnel()
            try tunnel.b.host.shell("echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all")
            let ending = try tunnel.a.host.iptund("ping", "iptun0", "10.9.0.2", "-c", "1", "--json")
            let answer = try decode(ending.text, as: Answer.self)
            #expect(ending.status == 0, "\(ending.text)")
            #expect(answer.inner.answered == 0)
            #expect(answer.udp.answered > 0)
        }
    }

    @Test func `a packet that the peer sends back proves a tunnel whose host does not answer`() throws {
        try Lab.open { lab in
            let tunnel = try lab.tunnel()
            try tunnel.b.host.shell(
                """
                cd /proc/sys/net/ipv4; echo 1 > ip_forward; echo 0 > conf/all/rp_filter; echo 0 > conf/iptun0/rp_filter
                ip route add blackhole 10.9.0.50
                """)
            let ending = try tunnel.a.host.iptund("ping", "iptun0", "10.9.0.50", "-c", "1", "--json")
            let answer = try decode(ending.text, as: Answer.self)
            #expect(answer.hairpin.answered > 0, "\(ending.text)")
            #expect(answer.leg == "inside")
            #expect(ending.status == 1)
        }
    }

    @Test(arguments: [("liar", false), ("flooder", true)]) func `who lies is not believed, and who floods ends nothing`(
        part: String, isAnswered: Bool
    ) throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try lab.upA(a)
            let responder = try b.start(["/usr/bin/python3", "-u", "-c", Self.responder, part])
            try responder.waitFor("ready")
            let ending = try a.iptund("ping", "iptun0", "10.9.0.2", "-c", "2", "--json")
            let answer = try decode(ending.text, as: Answer.self)
            #expect(answer.answered == isAnswered, "\(ending.text)")
            #expect(answer.inner.answered == (isAnswered ? 2 : 0))
            #expect(isAnswered ? answer.duplicates > 0 : answer.unexpected_replies > 0)
            #expect(ending.status == (isAnswered ? 0 : 1))
        }
    }

    /// A peer of a few lines: it answers each echo many times, as a liar with something else in it.
    private static let responder = """
        import socket, sys
        from scapy.layers.inet import ICMP, IP
        from scapy.packet import Raw
        wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, 4)
        wire.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        print("ready")
        while True:
            inner = IP(wire.recv(65535)[20:])
            if ICMP not in inner or inner[ICMP].type != 8: continue
            data = bytearray(inner[ICMP].payload.original or bytes(inner[ICMP].payload))
            def answer(data, **fields):
                echo = ICMP(type=0, id=inner[ICMP].id, seq=inner[ICMP].seq) / Raw(bytes(data))
                for name, value in fields.items(): setattr(echo, name, value)
                packet = IP(src="192.0.2.2", dst="192.0.2.1", proto=4) / Raw(bytes(IP(src=inner.dst, dst=inner.src) / echo))
                return bytes(packet)
            if sys.argv[1] == "liar":
                data[0] ^= 1
                lies = [answer(data), answer(data[:-1]), answer(data, seq=999), answer(data, id=inner[ICMP].id ^ 1)]
                for _ in range(25):
                    for lie in lies: wire.sendto(lie, ("192.0.2.1", 0))
            else:
                truth = answer(data)
                for _ in range(500): wire.sendto(truth, ("192.0.2.1", 0))
        """

    @Test func `who cannot be asked is said to be so`() throws {
        try Lab.open { lab in
            let tunnel = try lab.tunnel()
            let a = tunnel.a.host
            #expect(try a.iptund("ping", "iptun0", "192.0.2.77x").status == 2)
            #expect(try a.iptund("ping", "iptun0", "192.0.2.2", "-c", "0").status == 2)
            #expect(try a.iptund("ping", "iptun0").status == 2)
            let ending = try a.iptund("ping", "iptun9", "192.0.2.2")
            #expect(ending.status == 1)
            #expect(ending.text.contains("no tunnel 'iptun9' is up here"))
        }
    }
}
