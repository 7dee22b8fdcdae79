// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Two tunnels of one host, of which one leads to the other's peer or may do so, in all orders of start and end.
///
/// ```
///   a  192.0.2.1 ── 192.0.2.254  r  198.51.100.254 ── 198.51.100.2  b  10.30.0.1 ── 10.30.0.9  p
///   t1: everything to b      t2: 10.8.0.2 to p
/// ```
@Suite(.needsRoot)
struct NestedTunnelTests {
    private struct Scene {
        let a: Host, router: Host, b: Host, p: Host

        func outer(_ options: [String] = []) throws -> Tunnel {
            try a.up(
                ["--device", "t1", "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0"]
                    + options)
        }

        func inner(_ options: [String] = []) throws -> Tunnel {
            try a.up(
                ["--device", "t2", "--peer", "10.30.0.9", "--address", "10.8.0.1/32", "--allowed-ips", "10.8.0.2/32"]
                    + options)
        }

        func passes(_ address: String) throws -> Bool {
            try a.run(["ping", "-n", "-c", "1", "-W", "0.3", address]).status == 0
        }

        func carries(_ addresses: String...) throws {
            for address in addresses { try eventually("\(address) answers") { try passes(address) } }
        }
    }

    private func open(_ body: (Scene) throws -> Void) throws {
        try Lab.open { lab in
            let (a, router, b) = try lab.routedPair()
            let p = try lab.host("p")
            try lab.connect(b, "lan", "10.30.0.1/24", p, "eth0", "10.30.0.9/24")
            try p.shell("ip route add default via 10.30.0.1")
            try b.setSysctl("conf/all/forwarding", 1)
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            _ = try p.up("--peer", "10.9.0.1", "--address", "10.8.0.2/32", "--allowed-ips", "10.8.0.1/32")
            try body(Scene(a: a, router: router, b: b, p: p))
        }
    }

    /// fmac.xyz 2021-12-07, openwrt/openwrt#18157, mullvad/mullvadvpn-app#5591: a VPN inside of a VPN depends on who is first.
    @Test(
        arguments: [(true, true), (true, false), (false, true), (false, false)] as [(Bool, Bool)],
        [[], ["--kill-switch"]])
    func `a tunnel through another one, in whatever order they start and end`(
        order: (outerFirst: Bool, outerEndsFirst: Bool), options: [String]
    ) throws {
        try open { scene in
            let before = try scene.a.state
            let tunnels: (outer: Tunnel, inner: Tunnel)
            if order.outerFirst {
                let outer = try scene.outer(options)
                tunnels = (outer, try scene.inner())
            } else {
                let inner = try scene.inner()
                tunnels = (try scene.outer(options), inner)
            }
            try scene.carries("10.9.0.2", "10.8.0.2")
            #expect(try tunnels.inner.report().local == "10.9.0.1")
            if order.outerEndsFirst {
                #expect(try tunnels.outer.end(SIGINT) == 0)
                #expect(try !scene.passes("10.8.0.2"))
                #expect(try tunnels.inner.end() == 0)
            } else {
                #expect(try tunnels.inner.end() == 0)
                try scene.carries("10.9.0.2")
                #expect(try tunnels.outer.end(SIGINT) == 0)
            }
            #expect(try scene.a.changes(since: before) == [])
        }
    }

    /// openwrt/openwrt#18157: either one is started again.
    @Test func `a tunnel goes on through another one that is started again`() throws {
        try open { scene in
            let inner = try scene.inner()
            for _ in 1...2 {
                let outer = try scene.outer()
                try scene.carries("10.9.0.2", "10.8.0.2")
                #expect(try outer.end() == 0)
            }
            #expect(!inner.process.hasEnded)
        }
    }

    /// passteque/gluetun#602, firewalla/firerouter#940: one mark for two nested tunnels.
    @Test func `the same mark in both is refused where it would pass a kill switch, and said where it would not`()
        throws
    {
        try open { scene in
            let outer = try scene.outer(["--fwmark", "0x51", "--kill-switch"])
            let inner = [
                Host.program, "up", "--peer", "10.30.0.9", "--device", "t2", "--allowed-ips", "10.8.0.2/32", "--fwmark",
                "0x51",
            ]
            let message = try scene.a.refuses(inner, status: 1)
            #expect(message.contains("FwMark = 0x51: tunnel t1 marks its outer packets so"), "\(message)")
            #expect(try outer.end(SIGINT) == 0)
            _ = try scene.outer(["--fwmark", "0x51"])
            let both = try scene.inner(["--fwmark", "0x51"])
            try both.process.waitFor("have the mark 0x51, too: neither tunnel goes through the other")
        }
    }

    /// jeffcasavant.com 2020-10-10, strongswan/strongswan#3138: a running tunnel is taken along by a new one for everything.
    @Test(arguments: [true, false]) func `a tunnel whose Local is the uplink's stays beside one for everything`(
        isFirst: Bool
    ) throws {
        try open { scene in
            // b's LAN is reached without a tunnel, too, and knows the public address only.
            try scene.router.shell("ip route add 10.30.0.0/24 via 198.51.100.2")
            let peer = try scene.p.up(
                "--device", "q", "--peer", "192.0.2.1", "--address", "10.7.0.2/32", "--allowed-ips", "10.7.0.1/32")
            func part() throws -> Tunnel {
                try scene.a.up(
                    "--device", "t3", "--peer", "10.30.0.9", "--local", "192.0.2.1", "--address", "10.7.0.1/32",
                    "--allowed-ips", "10.7.0.2/32")
            }
            if isFirst { _ = try part() }
            _ = try scene.outer()
            if !isFirst { _ = try part() }
            try scene.carries("10.9.0.2", "10.7.0.2")
            #expect(try peer.report().peers.first?.endpoint == "192.0.2.1")
        }
    }

    /// The same without `Local`: it goes along, and that is said with what keeps it out.
    @Test func `a tunnel that is taken along is named`() throws {
        try open { scene in
            _ = try scene.inner()
            let outer = try scene.outer()
            try outer.process.waitFor("outer packets of tunnel t2 go through this one")
            try outer.process.waitFor("ip route add PEER via ROUTER proto static")
        }
    }

    /// tailscale/tailscale#18443, peacey/split-vpn#95: rules of another program are about our very mark.
    @Test func `a mark that rules of others are about is not taken, and named where it was asked for`() throws {
        try open { scene in
            try scene.a.shell(
                "ip rule add priority 9 fwmark 0x1994 lookup 77; ip route add unreachable default table 77")
            let tunnel = try scene.outer()
            try scene.carries("10.9.0.2")
            #expect(try scene.a.shell("ip rule").contains("not from all fwmark 0x1995/0x3fff lookup 1994000"))
            #expect(try tunnel.end() == 0)
            let asked = try scene.outer(["--fwmark", "0x1994"])
            try asked.process.waitFor("rule 9 of another program (fwmark 0x1994) leads outer packets")
        }
    }

    /// tailscale/tailscale#6772, #925: a full tunnel beside Tailscale's rules.
    @Test func `a full tunnel starts beside Tailscale's rules, and carries`() throws {
        try open { scene in
            try scene.a.shell(
                """
                ip rule add priority 5210 fwmark 0x80000/0xff0000 lookup main
                ip rule add priority 5230 fwmark 0x80000/0xff0000 lookup default
                ip rule add priority 5250 fwmark 0x80000/0xff0000 unreachable
                ip rule add priority 5270 lookup 52
                """)
            _ = try scene.outer()
            try scene.carries("10.9.0.2")
            #expect(try scene.a.shell("ip rule").contains("fwmark 0x1994/0x3fff"))
        }
    }
}
