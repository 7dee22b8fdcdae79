// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Peers by name, from public reports about other software. The name server is behind the router.
///
/// ```
///   a  192.0.2.1 ── eth0 ═══ eth0 ── 192.0.2.254  r  198.51.100.254 ── 198.51.100.2, .3  b
///                                   203.0.113.53
/// ```
@Suite(.needsRoot)
struct OutsideNameTests {
    private struct Scene {
        let lab: Lab
        let a: Host, router: Host, b: Host
        let book: NameBook

        /// What the name server says of every name, from now on.
        func answer(_ addresses: String...) throws {
            _ = try lab.file("names", addresses.joined(separator: " "))
        }

        func file(_ interface: String = "", endpoint: String = "b.example") throws -> String {
            let text = """
                [Interface]
                Address = 10.9.0.1/32
                \(interface)
                [Peer]
                Endpoint = \(endpoint)
                AllowedIPs = 0.0.0.0/0
                Probe = 10.9.0.2

                """
            return try lab.file("a/t", text)
        }

        func carries(within seconds: UInt64 = 20) throws {
            try eventually("it carries", within: seconds) {
                try a.run(["ping", "-n", "-c", "1", "-W", "0.3", "10.9.0.2"]).status == 0
            }
        }
    }

    private func open(_ body: (Scene) throws -> Void) throws {
        try Lab.open { lab in
            let (a, router, b) = try lab.routedPair()
            try router.shell("ip address add 203.0.113.53 dev lo")
            try b.shell("ip address add 198.51.100.3/24 dev eth0")
            let path = try lab.file("names", "198.51.100.2")
            let server = try router.start(["/usr/bin/python3", "-u", "-c", Self.names, path])
            try server.waitFor("asked")
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            try body(
                Scene(
                    lab: lab, a: a, router: router, b: b, book: try NameBook(lab, nameserver: "203.0.113.53")))
        }
    }

    /// Answers every question with the addresses in a file; without one by "no such name" (RFC 1035 4.1).
    private static let names = """
        import socket, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("203.0.113.53", 53))
        print("asked", flush=True)
        while True:
            q, peer = s.recvfrom(512)
            answers = [socket.inet_aton(text) for text in open(sys.argv[1]).read().split()]
            end = q.index(0, 12) + 5
            code = b"\\x80" if answers else b"\\x83"
            head = q[:2] + b"\\x81" + code + b"\\0\\1\\0" + bytes([len(answers)]) + b"\\0\\0\\0\\0"
            records = b"".join(b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\5\\0\\4" + address for address in answers)
            s.sendto(head + q[12:end] + records, peer)
        """

    /// NixOS/nixpkgs#30459, opnsense/plugins#5099: the name has no answer at boot, then it has.
    @Test func `a name that has no answer at first is found soon after it has one`() throws {
        try open { scene in
            try scene.answer()
            let tunnel = try scene.a.up([try scene.file()], through: scene.book.wrapper)
            try tunnel.process.waitFor("a name has no address yet")
            // Nobody is cut off by a tunnel that leads nowhere.
            #expect(try scene.a.ping("203.0.113.53", count: 1) == 1)
            try scene.answer("198.51.100.2")
            try scene.carries(within: 8)
        }
    }

    /// dperson/openvpn-client#36, schwabe/ics-openvpn#1899: everything goes into the tunnel, and the peer moves.
    @Test(arguments: ["", "KillSwitch = yes"])
    func `a peer that moves is found though the question would go into the dead tunnel`(option: String) throws {
        try open { scene in
            let tunnel = try scene.a.up([try scene.file("Keepalive = 1s,2\n" + option)], through: scene.book.wrapper)
            try scene.carries()
            try scene.b.shell(
                "ip address delete 198.51.100.2/24 dev eth0; ip address replace 198.51.100.3/24 dev eth0; ip route replace default via 198.51.100.254"
            )
            try scene.answer("198.51.100.3")
            try scene.carries(within: 30)
            #expect(!tunnel.process.hasEnded)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// Rafficer/linux-cli-community#16, wfg/docker-openvpn-client#30: the kill switch keeps the client from finding its server.
    @Test(arguments: [0, 1]) func `behind a kill switch the name is found, strict filtering or not`(strict: Int) throws
    {
        try open { scene in
            if strict == 1 { try scene.a.filterStrictly() }
            let tunnel = try scene.a.up([try scene.file("KillSwitch = yes")], through: scene.book.wrapper)
            try scene.carries()
            try eventually("questions have no way of their own any more") {
                try !scene.a.shell("ip rule; nft list ruleset").contains("port 53")
            }
            #expect(try tunnel.end(SIGKILL) != 0)
            // The next start knows where the peer was, whatever names lead to now.
            try scene.answer()
            _ = try scene.a.up([try scene.file("KillSwitch = yes")], through: scene.book.wrapper)
            try scene.carries()
            try scene.a.down("t")
        }
    }

    /// vpn-kill-switch/killswitch#8: what lets the client ask for its server's name lets others ask, too.
    @Test func `nobody else's questions pass the kill switch meanwhile`() throws {
        try open { scene in
            try scene.answer()
            try scene.router.startCounting("iifname eth0 udp dport 53 @ih,96,32 != 0x01620765")
            let tunnel = try scene.a.up([try scene.file("KillSwitch = yes")], through: scene.book.wrapper)
            try tunnel.process.waitFor("a name has no address yet")
            let ask =
                "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(bytes(40), ('203.0.113.53', 53))"
            for user in ["0", "65534", "1000"] {
                _ = try scene.a.run(["setpriv", "--reuid", user, "/usr/bin/python3", "-c", ask])
            }
            #expect(try scene.router.counted() == 0)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// vpnhood/VpnHood#524, shadowsocks/shadowsocks-libev#561: of a name's two addresses the one in use dies.
    @Test func `a peer that is silent at one of its name's addresses is tried at the next`() throws {
        try open { scene in
            try scene.answer("198.51.100.2", "198.51.100.3")
            let tunnel = try scene.a.up([try scene.file("Keepalive = 1s,2")], through: scene.book.wrapper)
            try scene.carries()
            let peer = try tunnel.report().peers.first
            let used = try #require(peer?.endpoint)
            try scene.b.shell(
                "ip address delete \(used)/24 dev eth0; ip address replace 198.51.100.\(used.hasSuffix("2") ? 3 : 2)/24 dev eth0; ip route replace default via 198.51.100.254"
            )
            try scene.carries(within: 30)
            #expect(try tunnel.report().peers.first?.endpoint != used)
        }
    }

    /// ryd/chaosvpn#1, netbirdio/netbird#3145: the peer's name leads to this very host.
    @Test func `a name that leads to this host is said to`() throws {
        try open { scene in
            try scene.answer("127.0.1.1")
            let tunnel = try scene.a.up([try scene.file()], through: scene.book.wrapper)
            let report = try tunnel.report { $0.peers.first?.problem?.contains("127.0.1.1") == true }
            #expect(report.state == "degraded")
        }
    }

    /// openziti/ziti-tunnel-sdk-c#566: GW.Example, gw.example and gw.example. are one name.
    @Test(arguments: ["B.Example", "b.example."]) func `another spelling of a name changes nothing`(name: String) throws
    {
        try open { scene in
            let tunnel = try scene.a.up([try scene.file()], through: scene.book.wrapper)
            try scene.carries()
            _ = try scene.file(endpoint: name)
            #expect(try scene.a.iptund("reload", tunnel.name).text.contains("1 as they were"))
            try scene.carries()
        }
    }
}
