// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Reverse path filtering as hosts have it (RFC 3704): off, strict, or loose, for all devices together.
@Suite(.needsRoot)
struct StrictFilteringTests {
    /// The real server behind a load balancer, as Linux Virtual Server has it (LVS-TUN): its service has an address that is
    /// nobody's here (`lo`), and the tunnel's device has none (facebookincubator/katran#24).
    ///
    /// ```
    ///   client  192.0.2.1  a  eth0 ═══ eth0  192.0.2.2  b  203.0.113.80 (lo), iptun0 (only decapsulates)
    /// ```
    @Test(arguments: [0, 1, 2])
    func `a real server answers, however its host filters`(all: Int) throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell("ip address add 203.0.113.80/32 dev lo")
            for device in ["all", "default", "eth0"] { try b.setSysctl("conf/\(device)/rp_filter", all) }
            let before = try b.state
            let server = try b.up("--only", "decapsulate", "--accept-from", "any")
            try a.startCounting("ip saddr 203.0.113.80 icmp type echo-reply")
            let packet = CraftedPacket.outer(CraftedPacket.echo("192.0.2.1", "203.0.113.80").octets)
            try a.send(Array(repeating: packet, count: 5))
            try eventually("it answers") { try a.counted() == 5 }
            let ending = try b.iptund("doctor", server.name)
            #expect(!ending.text.contains("   rpfilter"), "\(ending.text)")
            // Nothing that this host sends has the address that makes it work.
            #expect(try b.shell("ip route get 203.0.113.1 from 127.19.94.4 2>&1 || true").contains("cache") == false)
            #expect(try server.end() == 0)
            #expect(try b.changes(since: before) == [])
        }
    }

    /// Everything goes into the tunnel, and a router that is not the next one has something to say about outer packets
    /// (tailscale/tailscale#19537, QubesOS/qubes-issues#5264, jamesmcm/vopono#372: full tunnels whose path MTU is lost).
    ///
    /// ```
    ///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
    ///          a  192.0.2.1 ── .254 r 10.255.0.1 ── 10.255.0.2 s 198.51.100.254 ──(1300)── 198.51.100.2  b
    /// ```
    private func open(_ body: (Lab, Host, Host, Host, Host) throws -> Void) throws {
        try Lab.open { lab in
            let (a, r, s, b) = (lab.added("a"), lab.added("r"), lab.added("s"), lab.added("b"))
            try lab.build(
                [a, r, s, b],
                [
                    Cable(a, "eth0", "192.0.2.1/24", r, "west", "192.0.2.254/24"),
                    Cable(r, "east", "10.255.0.1/30", s, "west", "10.255.0.2/30"),
                    Cable(s, "east", "198.51.100.254/24", b, "eth0", "198.51.100.2/24"),
                ],
                [
                    (a, "default via 192.0.2.254"), (b, "default via 198.51.100.254"),
                    (r, "default via 10.255.0.2"), (s, "default via 10.255.0.1"),
                ])
            for router in [r, s] { try router.forward() }
            try s.shell("ip link set east mtu 1300")
            try b.shell("ip link set eth0 mtu 1300; ip address add 203.0.113.9/32 dev lo")
            for host in [a, r, s, b] { try host.filterStrictly() }
            try body(lab, a, r, s, b)
        }
    }

    private func tunnels(_ a: Host, _ b: Host) throws -> (a: Tunnel, b: Tunnel) {
        let far = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
        let near = try a.up("--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0")
        for host in [a, b] { try host.filterStrictly() }
        return (near, far)
    }

    @Test func `a far router's word about long packets is heard`() throws {
        try open { lab, a, _, _, b in
            let before = try a.state
            let tunnel = try tunnels(a, b)
            try a.setSysctl("conf/iptun0/rp_filter", 2)
            try b.setSysctl("conf/iptun0/rp_filter", 2)
            #expect(try a.ping("10.9.0.2") == 3)
            let text = try a.run([
                "ping", "-n", "-c", "2", "-i", "0.3", "-W", "1", "-M", "do", "-s", "1400", "10.9.0.2",
            ]).text
            #expect(text.contains("mtu = 1280"), "\(text)")
            #expect(try tunnel.a.report().peers[0].path_mtu == 1300)
            #expect(try tunnel.a.end() == 0)
            #expect(try a.changes(since: before).filter { !$0.contains("rp_filter") } == [])
        }
    }

    @Test func `nothing that this host sends finds a way past the tunnel by that`() throws {
        try open { lab, a, r, _, b in
            let tunnel = try tunnels(a, b)
            try r.startCounting("iifname west ip protocol != 4")
            // From the outer address: echo, timestamp, address mask and information requests, redirects, errors.
            for address in ["203.0.113.9", "10.9.0.2", "198.51.100.2"] {
                _ = try a.ping(address, count: 3, "-I", "192.0.2.1", "-W", "0.3")
            }
            _ = try a.run([
                "/usr/bin/python3", "-c",
                """
                import socket
                raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
                raw.bind(("192.0.2.1", 0))
                for kind in range(1, 255):
                    for code in (0, 1, 255): raw.sendto(bytes([kind, code]) + bytes(30), ("203.0.113.9", 0))
                for type in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    other = socket.socket(socket.AF_INET, type)
                    other.settimeout(0.3)
                    other.bind(("192.0.2.1", 0))
                    try:
                        other.connect(("203.0.113.9", 2048))
                        other.send(b"x")
                    except OSError: pass
                """,
            ])
            #expect(try r.counted() == 0)
            #expect(try tunnel.a.report { $0.encapsulate.received > 300 }.encapsulate.received > 300)
        }
    }

    /// A gateway whose tunnel takes everything: what others send as protocol 4 is no exception (peacey/split-vpn#24,
    /// ivpn/desktop-app#217: hosts behind a full tunnel that get out beside it).
    @Test(arguments: [[], ["--kill-switch"]] as [[String]])
    func `protocol 4 of a host behind the gateway goes into the tunnel, too`(options: [String]) throws {
        try open { lab, a, r, _, b in
            let h = try lab.host("h")
            try lab.connect(a, "lan", "10.20.1.1/24", h, "eth0", "10.20.1.5/24")
            try h.shell("ip route add default via 10.20.1.1")
            _ = try b.up("--peer", "192.0.2.1", "--allowed-ips", "10.20.1.0/24,10.9.0.1/32", "--address", "10.9.0.2/32")
            let tunnel = try a.up(
                ["--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0", "--forward"]
                    + options)
            try a.filterStrictly()
            try a.setSysctl("conf/iptun0/rp_filter", 2)
            try r.startCounting("iifname west ip saddr 10.20.1.5")
            let inner = CraftedPacket.datagram("10.20.1.5", "203.0.113.9", port: 9).octets
            try h.send(Array(repeating: .outer("10.20.1.5", "203.0.113.9", inner), count: 10))
            #expect(try tunnel.report { $0.encapsulate.delivered >= 10 }.encapsulate.delivered >= 10)
            #expect(try r.counted() == 0)
            #expect(try a.ping("10.9.0.2") == 3)
        }
    }

    @Test func `where nothing is filtered strictly there are no rules for it`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            for device in ["all", "default", "eth0"] { try a.setSysctl("conf/\(device)/rp_filter", 2) }
            let tunnel = try a.up("--peer", "192.0.2.2", "--allowed-ips", "0.0.0.0/0")
            #expect(!tunnel.process.text.contains("ipproto 1"))
            #expect(try !a.shell("ip rule").contains("icmp"))
        }
    }
}
