// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Peers by name: found, waited for, followed, and kept.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24, 192.0.2.3/24  b
/// ```
///
/// Names are asked for again after a minute or five, which no test waits for: `iptund reload` asks at once.
@Suite(.needsRoot)
struct NamesTests {
    /// Peers at these endpoints, the first with 10.9.0.2, and so on.
    private func file(_ lab: Lab, _ endpoints: String...) throws -> String {
        let peers = endpoints.enumerated().map { index, endpoint in
            "[Peer]\nEndpoint = \(endpoint)\nAllowedIPs = 10.9.0.\(index + 2)/32\n"
        }
        return try lab.file("a/names", "[Interface]\nAddress = 10.9.0.1/32\n" + peers.joined())
    }

    private func upB(_ b: Host) throws -> Tunnel {
        try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32,10.9.0.3/32", "--allowed-ips", "10.9.0.1/32")
    }

    private func reload(_ tunnel: Tunnel) throws {
        let ending = try tunnel.host.iptund("reload", tunnel.name)
        #expect(ending.status == 0, "\(ending.text)")
    }

    @Test func `a name that is there is found, and packets pass`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try upB(b)
            let tunnel = try a.up(
                [try file(lab, "b.example")], through: try NameBook(lab, "192.0.2.2 b.example").wrapper)
            try tunnel.waitUntilReachable("b.example")
            #expect(try a.ping("10.9.0.2") == 3)
        }
    }

    @Test func `a name that nobody answers for delays neither the start nor another peer nor the end`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.filter("input", "udp dport 53 drop")
            _ = try upB(b)
            let before = try a.state
            let start = Clock.milliseconds
            let tunnel = try a.up(
                [try file(lab, "192.0.2.2", "nobody.example")],
                through: try NameBook(lab, nameserver: "192.0.2.2").wrapper)
            #expect(Clock.milliseconds - start < 5_000)
            #expect(try a.ping("10.9.0.2") == 3)
            try eventually("the question is on its way") { try b.shell("nft list ruleset").contains("dport 53") }
            let unknown = try tunnel.report().peers.first { $0.host == "nobody.example" }
            #expect(unknown?.problem == "its name has no address yet" && unknown?.endpoint == nil)
            #expect(try a.iptund("show").text.contains("  problem: its name has no address yet\n"))
            let end = Clock.milliseconds
            #expect(try tunnel.end() == 0)
            #expect(Clock.milliseconds - end < 5_000)
            #expect(try a.changes(since: before) == [])
        }
    }

    /// As with names that a server gives in another order each time (Tunnelblick/Tunnelblick#506,
    /// haugene/docker-transmission-openvpn#1688).
    @Test func `of two good addresses the one in use stays, and packets from both are taken`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell("ip address add 192.0.2.3/24 dev eth0")
            let book = try NameBook(lab, "192.0.2.2 b.example", "192.0.2.3 b.example")
            let tunnel = try a.up([try file(lab, "b.example")], through: book.wrapper)
            try tunnel.waitUntilReachable("b.example")
            let first = try #require(try tunnel.report().peers.first?.endpoint)
            let second = first == "192.0.2.2" ? "192.0.2.3" : "192.0.2.2"
            for order in [[second, first], [first, second], [second, first]] {
                try book.write(order.map { "\($0) b.example" })
                try reload(tunnel)
            }
            let inner = CraftedPacket.datagram("10.9.0.2", "10.9.0.1", port: 9)
            for source in [first, second] { try b.send([.outer(source, "192.0.2.1", inner.octets)]) }
            let report = try tunnel.report { $0.decapsulate.delivered == 2 }
            #expect(report.decapsulate.delivered == 2 && report.decapsulateDrops == [:])
            // One that it has no longer is a stranger's.
            try book.write(["\(first) b.example"])
            try reload(tunnel)
            try eventually("the second address is nobody's") {
                try b.send([.outer(second, "192.0.2.1", inner.octets)])
                return try tunnel.report().decapsulateDrops["not-peer"] ?? 0 > 0
            }
            #expect(try tunnel.report().peers.first?.endpoint == first)
            #expect(tunnel.process.lines.count { $0.contains("a name leads to this address now") } == 1)
        }
    }

    @Test func `a name that gets another address is followed at a reload`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell("ip address add 192.0.2.3/24 dev eth0")
            let book = try NameBook(lab, "192.0.2.2 b.example")
            let tunnel = try a.up([try file(lab, "b.example")], through: book.wrapper)
            try tunnel.process.waitFor("a name leads to this address now", "host=b.example", "address=192.0.2.2")
            try book.write(["192.0.2.3 b.example"])
            try reload(tunnel)
            try tunnel.process.waitFor("a name leads to this address now", "host=b.example", "address=192.0.2.3")
            // The data path hears of it a moment after it was said.
            try b.startCounting("ip daddr 192.0.2.3 ip protocol 4")
            try eventually("packets go there") {
                _ = try a.ping("10.9.0.2", count: 1, "-W", "0.1")
                return try b.counted() > 0
            }
            let before = try b.counted()
            _ = try a.ping("10.9.0.2", count: 3, "-W", "0.2")
            try eventually("all packets go there") { try b.counted() == before + 3 }
        }
    }

    @Test func `the name of a peer that falls silent is asked for again at once`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell("ip address add 192.0.2.3/24 dev eth0")
            let book = try NameBook(lab, "192.0.2.2 b.example")
            let file = try lab.file(
                "a/names",
                "[Interface]\nAddress = 10.9.0.1/32\nKeepalive = 1s,1\n"
                    + "[Peer]\nEndpoint = b.example\nAllowedIPs = 10.9.0.2/32\nProbe = 10.9.0.2\n")
            let other = try upB(b)
            let tunnel = try a.up([file], through: book.wrapper)
            try tunnel.waitFor("b.example", "is up") { $0.liveness == "up" }
            try other.end()
            try book.write(["192.0.2.3 b.example"])
            _ = try b.up(
                "--peer", "192.0.2.1", "--local", "192.0.2.3", "--address", "10.9.0.2/32", "--allowed-ips",
                "10.9.0.1/32")
            try tunnel.process.waitFor("a name leads to this address now", "address=192.0.2.3")
            let peer = try tunnel.report { $0.peers.first?.liveness == "up" }.peers.first
            #expect(peer?.liveness == "up" && peer?.endpoint == "192.0.2.3")
        }
    }

    @Test func `of two names with one address the first has it, until they differ`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let book = try NameBook(lab, "192.0.2.2 b.example c.example")
            _ = try upB(b)
            let tunnel = try a.up([try file(lab, "b.example", "c.example")], through: book.wrapper)
            try tunnel.waitFor("c.example", "is not reached") {
                $0.problem == "its name leads to 192.0.2.2, which is b.example's"
            }
            try tunnel.waitUntilReachable("b.example")
            #expect(try a.ping("10.9.0.2") == 3)
            #expect(try a.ping("10.9.0.3", count: 1, "-W", "0.2") == 0)
            try book.write(["192.0.2.2 b.example", "192.0.2.3 c.example"])
            try reload(tunnel)
            try tunnel.waitUntilReachable("c.example")
            #expect(try a.ping("10.9.0.2") == 3)
        }
    }

    @Test func `a name that leads to an address of our own is said, and harms nobody`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let book = try NameBook(lab, "192.0.2.1 own.example")
            _ = try upB(b)
            let tunnel = try a.up([try file(lab, "192.0.2.2", "own.example")], through: book.wrapper)
            try tunnel.waitFor("own.example", "is an address of this host") {
                $0.problem?.contains("is an address of this host") == true
            }
            #expect(try a.ping("10.9.0.3", count: 1, "-W", "0.2") == 0)
            #expect(try a.ping("10.9.0.2") == 3)
        }
    }

    @Test func `the last good address is kept when the name vanishes, which is said`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let book = try NameBook(lab, "192.0.2.2 b.example")
            _ = try upB(b)
            let tunnel = try a.up([try file(lab, "b.example")], through: book.wrapper)
            try tunnel.waitUntilReachable("b.example")
            try book.write([])
            try reload(tunnel)
            try tunnel.process.waitFor("a name has no address any more", "host=b.example")
            #expect(try a.ping("10.9.0.2") == 3)
            #expect(try tunnel.report().peers.map(\.endpoint) == ["192.0.2.2"])
        }
    }
}
