// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A peer behind the routes of its own tunnel: no loop, and what is nearer still goes where it should.
///
/// ```
///   10.9.0.1  iptun0 ···················································· iptun0
///          a  192.0.2.1 ─── 192.0.2.254  router  198.51.100.254 ─── 198.51.100.2  b  203.0.113.1 (lo)
/// ```
@Suite(.needsRoot)
struct FullTunnelTests {
    /// Strict reverse path filtering on everything; b answers for the rest of the world.
    private func open(_ body: (Lab, (a: Host, router: Host, b: Host)) throws -> Void) throws {
        try Lab.open { lab in
            let hosts = try lab.routedPair()
            try hosts.b.shell("ip address add 203.0.113.1/32 dev lo; ip address add 198.51.100.77/32 dev lo")
            for host in [hosts.a, hosts.router, hosts.b] { try host.filterStrictly() }
            try body(lab, hosts)
        }
    }

    private func upA(_ lab: Lab, _ host: Host, _ allowed: String) throws -> Tunnel {
        try host.up([
            try lab.file(
                "a/wan",
                "[Interface]\nAddress = 10.9.0.1/32\n[Peer]\nEndpoint = 198.51.100.2\nAllowedIPs = \(allowed)\n"
            )
        ])
    }

    private func upB(_ lab: Lab, _ host: Host) throws -> Tunnel {
        try host.up([
            try lab.file("b/wan", "[Interface]\n[Peer]\nEndpoint = 192.0.2.1\nAllowedIPs = 10.9.0.1/32\n")
        ])
    }

    @Test func `a default route into the tunnel takes everything but neighbours and the tunnel itself`() throws {
        try open { lab, hosts in
            let before = try hosts.a.state
            let a = try upA(lab, hosts.a, "0.0.0.0/0")
            _ = try upB(lab, hosts.b)
            for host in [hosts.a, hosts.b] { try host.filterStrictly() }
            try hosts.router.startCounting("ip saddr 10.9.0.1")
            #expect(try hosts.a.ping("203.0.113.1") == 3, "the world")
            #expect(try hosts.a.ping("198.51.100.2") == 3, "the peer, as any other host")
            #expect(try a.report { $0.encapsulate.delivered == 6 }.encapsulate.delivered == 6)
            #expect(try hosts.a.ping("192.0.2.254") == 3, "a neighbour")
            #expect(try a.report().encapsulate.received == 6, "the neighbour is not reached through the tunnel")
            #expect(try a.report().encapsulate.dropped == 0)
            #expect(try hosts.router.counted() == 0, "nothing of the tunnel's leaves bare")
            #expect(try hosts.a.device(to: "198.51.100.2 mark 0x1994") == "eth0")
            #expect(try a.end() == 0)
            #expect(try hosts.a.changes(since: before) == [])
        }
    }

    @Test func `a network around the peer goes into the tunnel, a smaller one of our own in it does not`() throws {
        try open { lab, hosts in
            let neighbour = try lab.host("n")
            try lab.connect(hosts.a, "lan", "198.51.100.65/26", neighbour, "eth0", "198.51.100.66/26")
            try hosts.a.filterStrictly()
            let a = try upA(lab, hosts.a, "198.51.100.0/24")
            _ = try upB(lab, hosts.b)
            for host in [hosts.a, hosts.b] { try host.filterStrictly() }
            #expect(try hosts.a.ping("198.51.100.2") == 3)
            #expect(try a.report { $0.encapsulate.delivered == 3 }.encapsulate.delivered == 3)
            #expect(try hosts.a.ping("198.51.100.66") == 3, "more specific than the tunnel's")
            #expect(try a.report().encapsulate.received == 3)
            // 198.51.100.77 is b's too, but lies in the smaller network.
            #expect(try hosts.a.device(to: "198.51.100.77") == "lan")
            #expect(try hosts.a.device(to: "203.0.113.1") == "eth0")
        }
    }

    @Test func `of prefixes of several lengths, with and without the peer inside, the longest wins`() throws {
        try open { lab, hosts in
            try hosts.a.shell(
                "ip route add 10.5.7.0/24 via 192.0.2.254; ip route add 198.51.100.128/25 via 192.0.2.254")
            let before = try hosts.a.state
            let a = try upA(
                lab, hosts.a, "0.0.0.0/1, 128.0.0.0/1, 198.51.0.0/16, 198.51.100.0/24, 10.5.0.0/16, 10.5.8.0/24")
            let expected = [
                ("8.8.8.8", "wan"), ("203.0.113.1", "wan"), ("198.51.7.1", "wan"), ("198.51.100.2", "wan"),
                ("198.51.100.2 mark 0x1994", "eth0"), ("198.51.100.129", "eth0"), ("10.5.1.1", "wan"),
                ("10.5.7.1", "eth0"), ("10.5.8.1", "wan"), ("192.0.2.254", "eth0"), ("192.0.2.200", "eth0"),
            ]
            for (address, device) in expected { #expect(try hosts.a.device(to: address) == device, "\(address)") }
            _ = try upB(lab, hosts.b)
            #expect(try hosts.a.ping("203.0.113.1") == 3)
            #expect(try a.end() == 0)
            #expect(try hosts.a.changes(since: before) == [])
        }
    }

    @Test(arguments: [0, 1])
    func `of two tunnels whose peers lie in their own prefixes one ends, and the other goes on`(leaving: Int) throws {
        try Lab.open { lab in
            let (a, router, b) = try lab.routedPair()
            let c = try lab.host("c")
            try lab.connect(c, "eth0", "203.0.113.2/24", router, "eth2", "203.0.113.254/24")
            try c.shell("ip route add default via 203.0.113.254")
            for host in [a, router, b, c] { try host.filterStrictly() }
            let before = try a.state
            let ends = try [("b", b, "198.51.100"), ("c", c, "203.0.113")].map { name, host, network in
                let text =
                    "[Interface]\nAddress = 10.9.0.1/32\n[Peer]\nEndpoint = \(network).2\nAllowedIPs = \(network).0/24\n"
                _ = try upB(lab, host)
                return (tunnel: try a.up([try lab.file("a/to-\(name)", text)]), address: "\(network).2")
            }
            try a.filterStrictly()
            for end in ends {
                #expect(try a.ping(end.address) == 3)
                #expect(try end.tunnel.report { $0.decapsulate.delivered == 3 }.decapsulate.delivered == 3)
            }
            let (gone, staying) = (ends[leaving], ends[1 - leaving])
            #expect(try gone.tunnel.end() == 0)
            #expect(try a.ping(staying.address) == 3)
            #expect(try staying.tunnel.report { $0.decapsulate.delivered == 6 }.decapsulate.delivered == 6)
            #expect(try staying.tunnel.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }
}
