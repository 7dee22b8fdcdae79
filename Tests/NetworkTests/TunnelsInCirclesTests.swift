// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Two tunnels of one host whose peers lie behind each other, as WireGuard's test "routing loop through two tunnels" has
/// them (tools/testing/selftests/wireguard/netns.sh), or as a routing daemon makes them ("recursive routing"); a tunnel inside
/// of another one works (opnsense/core#6466, SagerNet/sing-box#3858).
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
///      w0 to 10.1.0.1, takes 10.2.0.0/16
///      w1 to 10.2.0.1, takes 10.1.0.0/16
/// ```
@Suite(.needsRoot)
struct TunnelsInCirclesTests {
    private func circle(_ lab: Lab, _ options: [String] = []) throws -> (w0: Tunnel, w1: Tunnel) {
        let (a, b) = try lab.pair()
        try a.shell("ip route add default via 192.0.2.2")
        try b.startCounting("ip protocol 4")
        func tunnel(_ name: String, _ peer: String, _ address: String, _ allowed: String) throws -> Tunnel {
            try a.up(
                ["--device", name, "--peer", peer, "--address", address, "--allowed-ips", allowed] + options)
        }
        let w0 = try tunnel("w0", "10.1.0.1", "10.2.200.1/32", "10.2.0.0/16")
        return (w0, try tunnel("w1", "10.2.0.1", "10.1.200.1/32", "10.1.0.0/16"))
    }

    /// Outer packets that both have sent.
    private func wrapped(_ circle: (w0: Tunnel, w1: Tunnel)) throws -> Int {
        try circle.w0.report().encapsulate.outer_packets + circle.w1.report().encapsulate.outer_packets
    }

    @Test(arguments: ["set", "copy", "clear"])
    func `a ping makes 64 packets at most, and there is silence after it`(df: String) throws {
        try Lab.open { lab in
            let circle = try circle(lab, ["--df", df])
            #expect(try circle.w0.host.ping("10.2.0.5", count: 5, "-W", "0.3") == 0)
            var last = -1
            try eventually("it is silent within a second", within: 3) {
                defer { last = (try? wrapped(circle)) ?? -1 }
                return try wrapped(circle) == last
            }
            let count = try wrapped(circle)
            #expect(count <= 5 * 64, "\(count) outer packets")
            #expect(count > 5)
            let drops = try [circle.w0, circle.w1].flatMap { try $0.report().encapsulateDrops }
            #expect(drops.contains { $0.key == "loop" && $0.value > 0 } || df == "set")
            // The way to either peer is as wide as it was.
            #expect(try circle.w0.report().peers.allSatisfy { $0.path_mtu >= 1400 })
        }
    }

    @Test(arguments: ["255", "inherit", "1"])
    func `whatever the TTL, it ends`(ttl: String) throws {
        try Lab.open { lab in
            let circle = try circle(lab, ["--ttl", ttl])
            #expect(try circle.w0.host.ping("10.2.0.5", count: 5, "-W", "0.3") == 0)
            var last = -1
            try eventually("it is silent") {
                defer { last = (try? wrapped(circle)) ?? -1 }
                return try wrapped(circle) == last
            }
            #expect(try wrapped(circle) <= 5 * 255)
        }
    }

    /// Where each turn cuts what the one before has cut, one packet becomes hundreds.
    @Test(
        arguments: [
            (["--df", "clear"], "1350", "dont"), (["--df", "copy"], "1350", "dont"), (["--df", "clear"], "1400", "do"),
            (["--df", "copy"], "1400", "do"), (["--df", "set"], "1350", "dont"),
            (["--df", "clear", "--ttl", "255"], "1400", "do"), (["--df", "copy", "--ttl", "255"], "56", "dont"),
        ] as [([String], String, String)])
    func `long packets do not become many`(options: [String], size: String, mayCut: String) throws {
        try Lab.open { lab in
            let circle = try circle(lab, options)
            _ = try circle.w0.host.ping("10.2.0.5", count: 3, "-W", "0.3", "-s", size, "-M", mayCut)
            var last = -1
            try eventually("it is silent") {
                defer { last = (try? wrapped(circle)) ?? -1 }
                return try wrapped(circle) == last
            }
            let turns = options.contains("255") ? 255 : 64
            let count = try wrapped(circle)
            // The first tunnel may cut what was not wrapped yet.
            #expect(count <= 3 * 2 * turns, "\(count) outer packets")
        }
    }

    @Test func `reload warns of it, too`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add default via 192.0.2.2")
            func file(_ allowed: String) throws -> String {
                try lab.file(
                    "a/w1",
                    "[Interface]\nAddress = 10.1.200.1/32\n[Peer]\nEndpoint = 10.2.0.1\nAllowedIPs = \(allowed)\n")
            }
            _ = try a.up(
                "--device", "w0", "--peer", "10.1.0.1", "--address", "10.2.200.1/32", "--allowed-ips", "10.2.0.0/16")
            let path = try file("10.7.0.0/16")
            let w1 = try a.up([path])
            #expect(!w1.process.text.contains("go round"))
            _ = try file("10.1.0.0/16")
            let reloaded = try a.iptund("reload", "w1")
            #expect(reloaded.status == 0 && reloaded.text.contains("w1 -> w0 -> w1"), "\(reloaded.text)")
        }
    }

    @Test func `up warns of it, and doctor shows the circle`() throws {
        try Lab.open { lab in
            let circle = try circle(lab)
            #expect(circle.w1.process.text.contains("packets to a peer would go round"))
            #expect(circle.w1.process.text.contains("w1 -> w0 -> w1"))
            #expect(!circle.w0.process.text.contains("go round"))
            for name in ["w0", "w1"] {
                let ending = try circle.w0.host.iptund("doctor", name)
                #expect(ending.status == 1)
                #expect(ending.text.hasPrefix("broken   route.loop"), "\(ending.text)")
                #expect(ending.text.contains("round and round: \(name) -> "))
            }
        }
    }

    @Test func `a tunnel inside of another one works, with a hop less outside`() throws {
        try Lab.open { lab in
            let outside = try lab.tunnel()
            let (a, b) = (outside.a.host, outside.b.host)
            let capture = try b.capture("eth0", "ip proto 4")
            let inside = (
                try a.up(
                    "--device", "in", "--peer", "10.9.0.2", "--address", "10.8.0.1/32", "--allowed-ips", "10.8.0.2/32"),
                try b.up(
                    "--device", "in", "--peer", "10.9.0.1", "--address", "10.8.0.2/32", "--allowed-ips", "10.8.0.1/32")
            )
            #expect(!inside.0.process.text.contains("go round"))
            #expect(try a.ping("10.8.0.2") == 3)
            #expect(try inside.0.report().mtu == 1460)
            // Outermost first: ours, the tunnel inside, the ping.
            let ttls = try capture.fields(of: 6, "ip.ttl").map { $0[0] }
            #expect(ttls == Array(repeating: "63,64,64", count: 6))
            let ending = try a.iptund("doctor", "in")
            #expect(ending.status == 0, "\(ending.text)")
        }
    }
}
