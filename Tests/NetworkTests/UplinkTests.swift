// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// The way to the peer comes, goes and changes while the tunnel stays.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct UplinkTests {
    private func file(_ path: String, _ lab: Lab, own: Int, peer: String) throws -> String {
        let text = """
            [Interface]
            Address    = 10.9.0.\(own)/32

            [Peer]
            Name       = other
            Endpoint   = \(peer)
            AllowedIPs = 10.9.0.\(3 - own)/32

            """
        return try lab.file(path, text)
    }

    private func up(_ lab: Lab, _ a: Host, _ b: Host) throws -> (a: Tunnel, b: Tunnel) {
        (
            try a.up([try file("a/up", lab, own: 1, peer: "192.0.2.2")]),
            try b.up([try file("b/up", lab, own: 2, peer: "192.0.2.1")])
        )
    }

    /// Waits until packets pass both ways.
    private func waitForTraffic(_ host: Host, _ address: String = "10.9.0.2") throws {
        try eventually("packets pass") { try host.ping(address, count: 1, "-W", "0.2") == 1 }
    }

    @Test func `an uplink that is absent at the start is used as soon as it is there`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try a.shell("ip link set eth0 down; ip address flush dev eth0")
            let (tunnel, _) = try up(lab, a, b)
            let problem = try tunnel.report().peers.first?.problem
            #expect(problem == "there is no way to it (Network is unreachable)")
            try a.shell("ip link set eth0 up; ip address add 192.0.2.1/24 dev eth0")
            try waitForTraffic(a)
            try tunnel.waitUntilReachable("other")
            #expect(try tunnel.report().local == "192.0.2.1")
            #expect(try tunnel.end() == 0)
        }
    }

    /// What others saw: an MTU that is the one of the start for ever (acassen/keepalived#1070, projectcalico/calico#7146,
    /// meh/rust-tun#160).
    @Test func `what show has of the way follows the MTU of the uplink`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            for mtu in [1400, 1300, 1500] {
                try a.host.shell("ip link set eth0 mtu \(mtu)")
                try eventually("show says \(mtu)") {
                    let report = try a.report()
                    return report.underlay_mtu == mtu && report.peers[0].path_mtu == mtu
                }
                #expect(try a.host.iptund("show").text.contains("(path \(mtu))"))
            }
        }
    }

    @Test func `an uplink that goes down and up again is used again`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try up(lab, a, b).a
            for _ in 1...3 {
                #expect(try a.ping("10.9.0.2") == 3)
                try a.shell("ip link set eth0 down")
                #expect(try a.ping("10.9.0.2", count: 1, "-W", "0.2") == 0)
                try a.shell("ip link set eth0 up")
                try waitForTraffic(a)
            }
            #expect(!tunnel.process.hasEnded)
        }
    }

    @Test func `Local = auto follows when both ends are renumbered, one after the other`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let ends = try up(lab, a, b)
            #expect(try a.ping("10.9.0.2") == 3)
            try a.shell("ip address delete 192.0.2.1/24 dev eth0; ip address add 192.0.2.11/24 dev eth0")
            try ends.a.process.waitFor(
                "packets leave from another address now, and not from 192.0.2.1", "local=192.0.2.11")
            _ = try file("b/up", lab, own: 2, peer: "192.0.2.11")
            #expect(try b.iptund("reload", "up").status == 0)
            try waitForTraffic(a)
            #expect(try ends.a.report().local == "192.0.2.11")
            try b.shell("ip address delete 192.0.2.2/24 dev eth0; ip address add 192.0.2.12/24 dev eth0")
            try ends.b.process.waitFor(
                "packets leave from another address now, and not from 192.0.2.2", "local=192.0.2.12")
            _ = try file("a/up", lab, own: 1, peer: "192.0.2.12")
            #expect(try a.iptund("reload", "up").status == 0)
            try waitForTraffic(a)
            // It is one peer that moved, so its counters went on.
            #expect(
                try ends.a.report { ($0.peers.first?.sent.packets ?? 0) >= 5 }.peers.first?.received.packets ?? 0 >= 5)
        }
    }

    @Test func `two peers by two uplinks each get packets from the address of theirs`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let c = try lab.host("c")
            try lab.connect(a, "eth1", "198.51.100.1/24", c, "eth0", "198.51.100.2/24")
            for host in [a, b, c] { try host.filterStrictly() }
            let text = """
                [Interface]
                Address = 10.9.0.1/32
                [Peer]
                Endpoint = 192.0.2.2
                AllowedIPs = 10.9.0.2/32
                [Peer]
                Endpoint = 198.51.100.2
                AllowedIPs = 10.9.0.3/32

                """
            let tunnel = try a.up([try lab.file("a/up", text)])
            _ = try b.up([try file("b/up", lab, own: 2, peer: "192.0.2.1")])
            _ = try c.up("--peer", "198.51.100.1", "--address", "10.9.0.3/32", "--allowed-ips", "10.9.0.1/32")
            for address in ["10.9.0.2", "10.9.0.3"] { #expect(try a.ping(address) == 3) }
            try a.shell("ip link set eth1 down")
            #expect(try a.ping("10.9.0.2") == 3)
            try a.shell("ip link set eth1 up")
            try waitForTraffic(a, "10.9.0.3")
            #expect(try tunnel.end() == 0)
        }
    }

    @Test func `the pin of a bare peer follows a gateway that changes, and goes back`() throws {
        try Lab.open { lab in
            let (a, router, b) = try lab.routedPair()
            try router.shell("ip address add 192.0.2.253/24 dev eth0")
            let before = try a.state
            let tunnel = try a.up("--peer", "198.51.100.2", "--address", "10.9.0.1 peer 10.9.0.2")
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2 peer 10.9.0.1")
            for gateway in ["192.0.2.253", "192.0.2.254"] {
                try a.shell("ip route replace default via \(gateway)")
                try eventually("it is pinned to \(gateway)", within: 2) {
                    try a.routes.contains("198.51.100.2 via \(gateway) dev eth0 proto 203")
                }
                #expect(try a.ping("10.9.0.2") == 3)
            }
            #expect(try tunnel.report().state == "up")
            #expect(try tunnel.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `an uplink that goes down and up leaves a bare peer pinned`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            for _ in 1...3 {
                #expect(try a.host.ping("10.9.0.2") == 3)
                try a.host.shell("ip link set eth0 down")
                #expect(try a.host.ping("10.9.0.2", count: 1, "-W", "0.2") == 0)
                try a.host.shell("ip link set eth0 up")
                try waitForTraffic(a.host)
                try eventually("it is pinned again", within: 2) {
                    try a.host.routes.contains { $0.hasPrefix("192.0.2.2 ") && $0.contains("proto 203") }
                }
            }
            #expect(!a.process.hasEnded && !b.process.hasEnded)
        }
    }
}
