// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What becomes of IPv6 beside a tunnel that carries all of IPv4 (Rafficer/linux-cli-community#59, pivpn/pivpn#619: IPv6 leaks;
/// OpenVPN/openvpn#596, YunoHost-Apps/vpnclient_ynh#91: neighbours and router advertisements that are lost).
///
/// ```
///   a  2001:db8:0:1::1 (eth0) ── 2001:db8:0:1::fe  r  2001:db8:ffff::9 (lo)
/// ```
@Suite(.needsRoot)
struct KillSwitchIPv6Tests {
    private static let far = "2001:db8:ffff::9", near = "2001:db8:0:1::fe"

    private func open(_ body: (KillSwitchScene) throws -> Void) throws {
        try KillSwitchScene.open { scene in
            for (host, address) in [(scene.a, "2001:db8:0:1::1/64"), (scene.r, "\(Self.near)/64")] {
                try host.shell("ip -6 address add \(address) dev eth0 nodad")
            }
            try scene.r.shell("ip -6 address add \(Self.far)/128 dev lo nodad")
            try scene.a.shell("ip -6 route add default via \(Self.near) metric 100")
            try scene.r.shell(
                "nft 'table ip6 watch { chain arriving { type filter hook prerouting priority -400; ip6 daddr \(Self.far) counter; }; }'"
            )
            #expect(try scene.a.ping(Self.far) == 3)
            #expect(try counted(scene) == 3)
            try body(scene)
        }
    }

    private func counted(_ scene: KillSwitchScene) throws -> Int {
        let words = try scene.r.shell("nft list table ip6 watch").split(whereSeparator: \.isWhitespace)
        let place = try #require(words.firstIndex(of: "packets"))
        return try #require(Int(words[place + 1]))
    }

    private func isWhole(_ scene: KillSwitchScene) throws -> Bool {
        try scene.a.shell("ip -6 route; nft list ruleset").contains("unreachable default dev lo proto 203 metric 1")
            && scene.a.shell("nft list ruleset").contains("table ip6 iptund-mine")
    }

    @Test func `with 'all' it stays on the link, whatever is removed, and after everything was killed`() throws {
        try open { scene in
            let before = try scene.a.state
            let tunnel = try scene.a.up(["--peer", "198.51.100.2"] + KillSwitchScene.options + ["--kill-switch-all"])
            func expectClosed() throws {
                #expect(try scene.a.ping(Self.far, count: 2, "-W", "0.2") == 0)
                #expect(try scene.a.ping(Self.far, count: 2, "-W", "0.2", "-I", "eth0") == 0)
                #expect(try scene.a.ping(Self.near) == 3)
                #expect(try scene.a.ping("::1") == 3)
                #expect(try counted(scene) == 3)
            }
            try expectClosed()
            #expect(try scene.a.ping("10.9.0.2") == 3)
            for script in [
                "nft flush ruleset", "ip -6 route delete unreachable default", "ip -6 route flush proto 203",
                "ip -6 route add default via \(Self.near) metric 2", "ip -6 neigh flush dev eth0",
                "ip -6 route add 2001:db8:ffff::/48 via \(Self.near) proto ra",
            ] {
                let sender = try scene.a.start(["ping", "-n", "-q", "-i", "0.005", "-w", "30", Self.far])
                try scene.a.shell(script)
                try eventually("it is whole again") { try isWhole(scene) }
                sender.signal(SIGTERM)
                _ = try sender.wait()
                try expectClosed()
            }
            // Neighbours that come later are reached.
            try scene.a.shell("ip -6 address add 2001:db8:0:2::1/64 dev lan nodad")
            try scene.c.shell("ip -6 address add 2001:db8:0:2::9/64 dev eth0 nodad")
            try eventually("a neighbour answers") { try scene.a.ping("2001:db8:0:2::9", count: 1) == 1 }
            try scene.a.shell("ip -6 address delete 2001:db8:0:2::1/64 dev lan")
            try scene.a.shell("ip -6 route delete default metric 2; ip -6 route delete 2001:db8:ffff::/48")
            let everything = tunnel.process.children
            for process in [tunnel.process.id] + everything { kill(process, SIGKILL) }
            _ = try tunnel.process.wait()
            try expectClosed()
            try scene.a.down("mine")
            #expect(try scene.a.ping(Self.far) == 3)
            #expect(try scene.a.changes(since: before).filter { !$0.contains("neigh") } == [])
        }
    }

    @Test func `with 'yes' it goes its own way, and that is said`() throws {
        try open { scene in
            let tunnel = try scene.up()
            #expect(
                tunnel.process.text.contains(
                    "KillSwitch = yes is about IPv4 alone: what this host sends by IPv6 leaves in clear; KillSwitch = all keeps"
                ))
            #expect(try scene.a.ping(Self.far) == 3)
            #expect(try scene.a.iptund("doctor", "mine").text.contains("killswitch.past"))
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    @Test func `it is not said where the tunnel is for some prefixes only`() throws {
        try open { scene in
            let tunnel = try scene.a.up(
                "--device", "mine", "--peer", "198.51.100.2", "--allowed-ips", "203.0.113.0/24", "--kill-switch")
            #expect(!tunnel.process.text.contains("IPv6"))
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    @Test func `of two tunnels with 'all' the last one opens IPv6 again`() throws {
        try open { scene in
            let options = ["--peer", "198.51.100.2", "--kill-switch-all"]
            let first = try scene.a.up(["--device", "mine", "--allowed-ips", "203.0.113.0/24"] + options)
            let far = try scene.r.up(
                "--device", "far", "--peer", "192.0.2.1", "--allowed-ips", "10.9.1.1/32", "--address", "10.9.1.2/32")
            let second = try scene.a.up(
                "--device", "second", "--peer", "192.0.2.254", "--address", "10.9.1.1/32", "--allowed-ips",
                "10.9.1.2/32", "--kill-switch-all")
            #expect(try second.end(SIGINT) == 0)
            #expect(try isWhole(scene))
            #expect(try first.end(SIGINT) == 0)
            #expect(try !scene.a.shell("ip -6 route; nft list ruleset").contains("203"))
            #expect(try scene.a.ping(Self.far) == 3)
            #expect(try far.end() == 0)
        }
    }
}
