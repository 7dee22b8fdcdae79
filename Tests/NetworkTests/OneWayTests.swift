// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Tunnels that carry one way, and decapsulators that take from more than a peer.
@Suite(.needsRoot)
struct OneWayTests {
    /// ```
    ///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
    ///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
    /// ```
    @Test func `--only encapsulate sends and takes nothing`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: ["--only", "encapsulate"])
            #expect(try a.host.ping("10.9.0.2", count: 3, "-W", "0.3") == 0)
            let report = try a.report { $0.decapsulate.dropped == 3 }
            #expect(report.only == "encapsulate")
            #expect(report.decapsulateDrops == ["one-way": 3])
            #expect(report.encapsulate.delivered == 3)
            #expect(try b.report().decapsulate.delivered == 3)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `--only decapsulate takes and sends nothing`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(b: ["--only", "decapsulate"])
            #expect(try a.host.ping("10.9.0.2", count: 3, "-W", "0.3") == 0)
            let report = try b.report { $0.encapsulate.dropped == 3 }
            #expect(report.only == "decapsulate")
            #expect(report.encapsulateDrops == ["one-way": 3])
            #expect(report.decapsulate.delivered == 3)
            #expect(try a.report().decapsulate.received == 0)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    /// The real server behind load balancers: it takes what they wrap, and answers the clients directly.
    ///
    /// ```
    ///   client, balancer  192.0.2.1 ─┐                          10.9.0.100  iptun0 (only decapsulates)
    ///           balancer  192.0.2.8 ─┴ a  eth0 ═══ eth0 ──── 192.0.2.2/24  b
    /// ```
    @Test(arguments: [
        ("any", ["192.0.2.1", "192.0.2.8", "198.51.100.7"], [String]()),
        ("192.0.2.8/29", ["192.0.2.8", "192.0.2.15"], ["192.0.2.1", "192.0.2.7", "192.0.2.16"]),
        ("192.0.2.1/32,192.0.2.8/32", ["192.0.2.1", "192.0.2.8"], ["192.0.2.9"]),
    ])
    func `without a peer, whoever is welcome is decapsulated`(
        accepted: String, welcome: [String], strangers: [String]
    ) throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let server = try b.up(
                "--only", "decapsulate", "--accept-from", accepted, "--address", "10.9.0.100/32")
            #expect(server.process.text.contains("--accept-from \(accepted): "), "\(server.process.text)")
            try b.shell("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done")
            try a.shell("ip route add 10.9.0.100 via 192.0.2.2")
            try a.startCounting("ip saddr 10.9.0.100 icmp type echo-reply")
            try a.send((welcome + strangers).map { .outer($0, "192.0.2.2", OneWayTests.request) })
            let report = try server.report { $0.decapsulate.received == welcome.count + strangers.count }
            #expect(report.decapsulate.delivered == welcome.count)
            #expect(report.decapsulate.drops == (strangers.isEmpty ? [:] : ["not-peer": strangers.count]))
            #expect(report.accept_from == accepted)
            #expect(report.peers.map(\.endpoint) == [])
            // The answers go to the client, and not through any tunnel.
            try eventually("the client is answered") { try a.counted() == welcome.count }
            try server.expectEveryPacketAccountedFor()
        }
    }

    @Test func `others who are welcome may not say what only the peer may`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let server = try b.up(
                "--peer", "192.0.2.1", "--allowed-ips", "10.9.0.0/24", "--accept-from", "192.0.2.8/29")
            try a.send(
                [("192.0.2.1", "10.9.0.1"), ("192.0.2.8", "10.9.0.1"), ("192.0.2.8", "10.66.0.1")].map {
                    .outer($0, "192.0.2.2", CraftedPacket.echo($1, "192.0.2.2").octets)
                })
            let report = try server.report { $0.decapsulate.received == 3 }
            #expect(report.decapsulate.delivered == 2)
            #expect(report.decapsulateDrops == ["inner-source": 1])
            #expect(report.peers.first?.received.packets == 1)
            try server.expectEveryPacketAccountedFor()
        }
    }

    @Test func `--local holds for everybody`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell("ip address add 192.0.2.20/24 dev eth0")
            let server = try b.up(
                "--only", "decapsulate", "--accept-from", "any", "--local", "192.0.2.2", "--address", "10.9.0.100/32")
            try a.send(["192.0.2.2", "192.0.2.20"].map { .outer("192.0.2.1", $0, OneWayTests.request) })
            let report = try server.report { $0.decapsulate.received == 2 }
            #expect(report.decapsulate.delivered == 1)
            #expect(report.decapsulate.drops == ["not-local": 1])
            #expect(report.local == "192.0.2.2")
        }
    }

    /// `tunnel.o` and `ipip.o`, each a process of its own.
    @Test func `the two modules of 1994 run side by side`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let out = try a.up(
                "--peer", "192.0.2.2", "--only", "encapsulate", "--device", "tunl", "--address",
                "10.9.0.1 peer 10.9.0.2")
            let back = try a.up("--peer", "192.0.2.2", "--only", "decapsulate", "--device", "ipip")
            _ = try lab.upB(b)
            try a.shell("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done")
            #expect(try a.ping("10.9.0.2", count: 3) == 3)
            #expect(try out.report { $0.decapsulate.dropped == 3 }.decapsulateDrops == ["one-way": 3])
            #expect(try back.report { $0.decapsulate.delivered == 3 }.decapsulate.delivered == 3)
        }
    }

    /// What a client asks the virtual address.
    private static let request = CraftedPacket.echo("192.0.2.1", "10.9.0.100").octets
}
