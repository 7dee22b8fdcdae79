// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Ways to a peer from public reports about other software, each reduced to a host, its router, and a peer behind that.
///
/// ```
///   a  192.0.2.1 ── eth0 ═══ eth0 ── 192.0.2.254  r  198.51.100.254 ── 198.51.100.2  b
/// ```
@Suite(.needsRoot)
struct OutsideWayTests {
    private static let bare = ["--address", "10.9.0.1 peer 10.9.0.2"]
    private static let full = ["--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0"]

    /// `body` with a tunnel that carries; `script` comes before it.
    private func play(
        _ options: [String], _ script: String = ":", _ body: (Host, Host, Tunnel) throws -> Void
    ) throws {
        try Lab.open { lab in
            let (a, router, b) = try lab.routedPair()
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            try a.shell(script)
            let tunnel = try a.up(["--device", "t", "--peer", "198.51.100.2"] + options)
            try carries(tunnel)
            try body(a, router, tunnel)
            #expect(!tunnel.process.hasEnded)
            #expect(try tunnel.end() == 0)
        }
    }

    private func carries(_ tunnel: Tunnel) throws {
        try eventually("it carries") {
            try tunnel.host.run(["ping", "-n", "-c", "1", "-W", "0.3", "10.9.0.2"]).status == 0
        }
    }

    private func pin(_ a: Host) throws -> String { try a.shell("ip route show 198.51.100.2") }

    /// tailscale/tailscale#4038: the default route is in a table behind `main`.
    @Test(arguments: [bare, full, full + ["--kill-switch"]])
    func `main has no default route, and reverse paths are filtered strictly`(options: [String]) throws {
        let script =
            "ip route delete default; ip route add default via 192.0.2.254 table 201; ip rule add priority 32767 lookup 201"
        try Lab.open { lab in
            let (a, _, b) = try lab.routedPair()
            try a.filterStrictly()
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            try a.shell(script)
            let tunnel = try a.up(["--peer", "198.51.100.2"] + options)
            try carries(tunnel)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// OpenVPN/ovpn-dco-win#120: halves of everything lead into it, and the link is switched off and on.
    @Test func `no outer packet goes round while nothing but the tunnel leads to the peer`() throws {
        try play(Self.bare) { (a, _, tunnel) throws in
            try a.shell("ip route add 0.0.0.0/1 dev t; ip route add 128.0.0.0/1 dev t")
            try carries(tunnel)
            try a.shell("ip link set eth0 down")
            try eventually("the peer is unreachable") { try pin(a).contains("unreachable 198.51.100.2") }
            #expect(try tunnel.report { $0.state == "degraded" }.problem?.contains("no way to it") == true)
            #expect(try a.ping("10.9.0.2", count: 3, "-W", "0.2", "-i", "0.1") == 0)
            try a.shell("ip link set eth0 up; ip route add default via 192.0.2.254")
            try carries(tunnel)
            #expect(try tunnel.report().encapsulateDrops["loop"] ?? 0 == 0)
        }
    }

    /// cloudnativelabs/kube-router#427: a rule for our address leads to a table of the second uplink's.
    @Test func `a rule for our outer address decides, and there is no pin`() throws {
        let script =
            "ip route add default via 192.0.2.254 table 77; ip rule add priority 99 from 192.0.2.1 lookup 77; ip route replace default via 192.0.2.99"
        try play(Self.bare + ["--local", "192.0.2.1"], script) { (a, _, tunnel) throws in
            #expect(try pin(a).isEmpty)
            try a.shell("ip route add 198.51.100.0/24 dev t")
            try carries(tunnel)
        }
    }

    /// mullvad/mullvadvpn-app#3609, systemd/systemd#14302: the MTU of the default route is lost by a host route.
    @Test func `the MTU of the route to the peer is that of its pin, and the tunnel's follows from it`() throws {
        try play(Self.bare, "ip route replace default via 192.0.2.254 mtu lock 1400") { (a, _, tunnel) throws in
            #expect(try pin(a).contains("mtu lock 1400"))
            #expect(try tunnel.report().mtu == 1380)
        }
    }

    /// adrienverge/openfortivpn#97: the administrator's own host route is replaced, and removed at the end.
    @Test func `a host route of the administrator's is used and outlives the tunnel`() throws {
        try Lab.open { lab in
            let (a, _, b) = try lab.routedPair()
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            try a.shell("ip route add 198.51.100.2 via 192.0.2.254; ip route delete default")
            let before = try a.state
            let tunnel = try a.up(["--peer", "198.51.100.2"] + Self.bare)
            try carries(tunnel)
            #expect(try tunnel.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    /// Cisco's TUN-5-RECURDOWN: a routing daemon learns the way to the endpoint through the tunnel, in the place of the pin.
    @Test(arguments: ["replace", "add", "prepend"])
    func `a host route into the tunnel in the place of the pin does not last`(verb: String) throws {
        try play(Self.bare) { (a, _, tunnel) throws in
            let metric = verb == "add" ? " metric 5" : ""
            try a.shell("ip route \(verb) 198.51.100.2 dev t\(metric)")
            try eventually("packets to the peer go by the router", within: 5) {
                try a.device(to: "198.51.100.2") == "eth0"
            }
            try carries(tunnel)
        }
    }

    /// DefGuard/client#545, and the command of 1994, `ifconfig tunl 111.112.100.87 netmask 255.255.255.0`: the network of the
    /// tunnel's own address holds the peer.
    @Test(arguments: [[], ["--allowed-ips", "10.9.0.2/32"], ["--allowed-ips", "0.0.0.0/0"]])
    func `a network of the device that holds the peer makes no loop`(allowed: [String]) throws {
        let addresses = ["--address", "198.51.100.87/24", "--address", "10.9.0.1/32"]
        let route = allowed.isEmpty ? "ip route add 10.9.0.2 dev t src 10.9.0.1" : ":"
        try Lab.open { lab in
            let (a, _, b) = try lab.routedPair()
            _ = try b.up(
                "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32,198.51.100.87/32")
            let before = try a.state
            let tunnel = try a.up(["--device", "t", "--peer", "198.51.100.2"] + addresses + allowed)
            try a.shell(route)
            try eventually("it carries") {
                try a.run(["ping", "-n", "-c", "1", "-W", "0.3", "-I", "10.9.0.1", "10.9.0.2"]).status == 0
            }
            #expect(try tunnel.report().encapsulateDrops["loop"] ?? 0 == 0)
            #expect(try tunnel.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    /// stangri/source.openwrt.melmac.ca#132, peacey/split-vpn#190: a barrier waits behind the uplink's default route.
    @Test func `an unreachable default route behind the uplink's is no way, and no trap`() throws {
        try play(Self.bare, "ip route add unreachable default metric 4096") { (a, _, tunnel) throws in
            try a.shell("ip link set eth0 down; ip link set eth0 up; ip route add default via 192.0.2.254")
            try carries(tunnel)
        }
    }

    /// bivlked/amneziawg-installer#158 (Hetzner): an address of its own, and a gateway outside of every network.
    @Test(arguments: [bare, full]) func `an on-link gateway stays one`(options: [String]) throws {
        try Lab.open { lab in
            let (a, router, b) = try lab.routedPair()
            try router.shell("ip address add 172.31.1.1/32 dev eth0; ip route replace 203.0.113.7 dev eth0")
            try a.shell(
                "ip address flush dev eth0; ip address add 203.0.113.7/32 dev eth0; ip route add default via 172.31.1.1 dev eth0 onlink"
            )
            _ = try b.up("--peer", "203.0.113.7", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            let tunnel = try a.up(["--peer", "198.51.100.2"] + options)
            try carries(tunnel)
        }
    }
}
