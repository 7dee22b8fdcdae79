// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What a reload changes is seen on the wire, and what it does not change goes on.
///
/// ```
///   10.9.0.1  rel ·················································· iptun0  10.9.0.2
///               a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24 to .4/24  b
/// ```
@Suite(.needsRoot)
struct ReloadTests {
    /// b answers for every peer's outer address, so that packets leave for it.
    private func open(_ body: (Lab, (a: Reloadable, b: Tunnel)) throws -> Void) throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell(
                "for n in 3 4; do ip address add 192.0.2.$n/24 dev eth0; done; ip address add 10.9.7.1/32 dev lo")
            let end = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.0/24")
            try body(lab, (try Reloadable(a), end))
        }
    }

    @Test func `peers come and go, and what is counted for another goes on`() throws {
        try open { _, ends in
            let a = ends.a
            #expect(try a.host.ping("10.9.0.2") == 3)
            #expect(try a.reload(others: [3]) == "rel: 1 peers added, 0 removed, 0 changed, 1 as they were\n")
            #expect(try a.host.device(to: "10.9.0.3") == "rel")
            let capture = try ends.b.host.capture("eth0", "ip proto 4 and dst 192.0.2.3")
            #expect(try a.host.ping("10.9.0.3", count: 3, "-W", "0.2") == 0)
            #expect(try capture.fields(of: 3, "ip.dst").count == 3)
            #expect(try a.host.ping("10.9.0.2") == 3)
            #expect(try a.sent(when: [6, 3]) == [6, 3])
            #expect(try a.reload() == "rel: 0 peers added, 1 removed, 0 changed, 1 as they were\n")
            #expect(try a.host.shell("ip route show proto 203").contains("10.9.0.3") == false)
            #expect(try a.host.ping("10.9.0.2") == 3)
            #expect(try a.sent(when: [9]) == [9])
        }
    }

    @Test func `a new peer starts at zero, also in a place that another one had`() throws {
        try open { _, ends in
            let a = ends.a
            _ = try a.reload(others: [3])
            #expect(try a.host.ping("10.9.0.3", count: 3, "-W", "0.2") == 0)
            #expect(try a.sent(when: [0, 3]) == [0, 3])
            // A place rests for one reload.
            for _ in 1...2 { _ = try a.reload() }
            _ = try a.reload(others: [4])
            #expect(try a.sent(when: [0, 0]) == [0, 0])
            #expect(try a.host.ping("10.9.0.4", count: 2, "-W", "0.2") == 0)
            #expect(try a.sent(when: [0, 2]) == [0, 2])
            let sum = try a.tunnel.report { $0.encapsulate.received == 5 }.encapsulate
            #expect(sum.received == sum.delivered + sum.dropped && sum.received == 5)
        }
    }

    @Test func `prefixes of a peer are another set, as routes and as sources`() throws {
        try open { _, ends in
            let a = ends.a
            #expect(try a.host.ping("10.9.7.1", count: 1, "-W", "0.2") == 0)
            let text = try a.reload(allowed: "10.9.0.2/32, 10.9.7.0/24")
            #expect(text == "rel: 0 peers added, 0 removed, 1 changed, 0 as they were\n")
            #expect(try a.host.ping("10.9.7.1") == 3)
            #expect(try ends.b.host.ping("10.9.0.1", count: 3, "-I", "10.9.7.1") == 3)
            _ = try a.reload()
            #expect(try a.host.shell("ip route show proto 203 dev rel | sed 's/ .*//'") == "10.9.0.2\n")
            #expect(try ends.b.host.ping("10.9.0.1", count: 3, "-I", "10.9.7.1", "-W", "0.2") == 0)
            let drops = try a.tunnel.report { $0.peers.first?.received.drops["inner-source"] == 3 }.peers.first?
                .received
            #expect(drops?.drops == ["inner-source": 3])
        }
    }

    @Test func `the device's address, its MTU and what the outer header says change`() throws {
        try open { _, ends in
            let a = ends.a
            _ = try a.reload(["Address = 10.9.0.11/32", "MTU = 1300", "TTL = 7"])
            #expect(try a.host.link("rel", "mtu") == "1300")
            let capture = try ends.b.host.capture("eth0", "ip proto 4 and src 192.0.2.1")
            #expect(try a.host.ping("10.9.0.2", count: 1, "-M", "dont", "-s", "1350") == 1)
            // Outer and inner field, of two fragments: the inner MTU, and the header around it.
            let packets = try capture.fields(of: 2, "ip.ttl", "ip.src", "ip.len")
            #expect(packets.hasOnly { $0[0].hasPrefix("7,") && $0[1] == "192.0.2.1,10.9.0.11" }, "\(packets)")
            #expect(packets.count == 2 && packets.hasOnly { (Int($0[2].prefix { $0 != "," }) ?? 0) <= 1320 })
            _ = try a.reload()
            #expect(try a.host.shell("ip -4 -o address show dev rel").contains("10.9.0.1/32"))
            #expect(try !a.host.shell("ip -4 -o address show dev rel").contains("10.9.0.11"))
            #expect(try a.host.ping("10.9.0.2") == 3)
        }
    }

    /// Counted is what comes out of the tunnel: nobody reads it.
    @Test(arguments: [10, 0])
    func `an unchanged peer loses no packet over ten reloads, nor over none`(reloads: Int) throws {
        try Lab.open { lab in
            let (host, b) = try lab.pair()
            let a = try Reloadable(host)
            // No superpackets where they are counted; and room for all that comes while nobody is given a processor.
            _ = try b.up(
                "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.0/24", "--offload", "off")
            try host.shell("ip link set rel txqueuelen 20000")
            try b.startCounting("iifname iptun0 udp dport 5201 udp length 1208")
            let client = try host.start(["/usr/bin/python3", "-c", Self.stream])
            try eventually("the stream flows") { try b.counted() > 1_000 }
            for number in 0..<reloads {
                let text = try a.reload(others: number.isMultiple(of: 2) ? [3] : [4])
                #expect(text.hasSuffix("1 as they were\n"))
            }
            try eventually("enough has passed") { try b.counted() > 10_000 }
            #expect(!client.hasEnded, "all reloads were made while the stream flowed")
            client.signal(SIGINT)
            #expect(try client.wait() == 0, "\(client.text)")
            let sent = try #require(Int(client.text.split(separator: "\n").last ?? ""))
            try? eventually("all have come out", within: 5) { try b.counted() == sent }
            #expect(try b.counted() == sent)
        }
    }

    /// Sends some two thousand datagrams a second until SIGINT, then says how many there were.
    private static let stream = """
        import signal, socket, time
        ending = []
        signal.signal(signal.SIGINT, lambda *_: ending.append(True))
        wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sent = 0
        while not ending:
            sent += wire.sendto(bytes(1200), ("10.9.0.2", 5201)) == 1200
            time.sleep(0.0004)
        print(sent)
        """
}

/// A tunnel whose file changes, to 192.0.2.2 and to others by the same scheme.
struct Reloadable {
    let host: Host
    let tunnel: Tunnel

    init(_ host: Host) throws {
        self.host = host
        tunnel = try host.up([try Reloadable.write(host, Reloadable.interface, [], "10.9.0.2/32")])
    }

    static let interface = ["Address = 10.9.0.1/32", "MTU = 1400", "TTL = 33"]

    /// Writes the file: the peer 192.0.2.2 with `allowed`, and for each of `others` 192.0.2.n with 10.9.0.n.
    @discardableResult
    static func write(_ host: Host, _ interface: [String], _ others: [Int], _ allowed: String) throws -> String {
        let peers = [(2, allowed)] + others.map { ($0, "10.9.0.\($0)/32") }
        let sections = peers.map { "[Peer]\nEndpoint = 192.0.2.\($0)\nAllowedIPs = \($1)\n" }
        return try host.lab.file("a/rel", "[Interface]\n\(interface.joined(separator: "\n"))\n\(sections.joined())")
    }

    /// Changes the file and reloads; what is not said is as at the start. Returns what the command printed at last.
    func reload(
        _ interface: [String] = interface, others: [Int] = [], allowed: String = "10.9.0.2/32"
    ) throws -> String {
        _ = try Reloadable.write(host, interface, others, allowed)
        let ending = try host.iptund("reload", "rel")
        #expect(ending.status == 0, "\(ending.text)")
        return ending.text.split(separator: "\n").last.map { "\($0)\n" } ?? ""
    }

    /// Packets sent to each peer, as soon as they are so many.
    func sent(when expected: [Int]) throws -> [Int] {
        try tunnel.report { $0.peers.map(\.sent.packets) == expected }.peers.map(\.sent.packets)
    }
}
