// SPDX-License-Identifier: Apache-2.0

import Testing

/// What --df, --dscp, --ecn, --ttl and --min-ttl do on the wire, as tshark reads it.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 (captured) ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct OuterPolicyTests {
    /// Outer and inner DF of a packet that has it inside, and of one that has not.
    @Test(arguments: [("set", ["1,1", "1,0"]), ("copy", ["1,1", "0,0"]), ("clear", ["0,1", "0,0"])])
    func `DF of the outer header`(policy: String, expected: [String]) throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: ["--df", policy])
            let capture = try b.host.capture("eth0", "ip proto 4 and src 192.0.2.1")
            #expect(try a.host.ping("10.9.0.2", count: 2, "-M", "do") == 2)
            #expect(try a.host.ping("10.9.0.2", count: 2, "-M", "dont") == 2)
            let packets = try capture.fields(of: 4, "ip.flags.df", "ip.id", "ip.checksum.status")
            #expect(packets.map { $0[0] } == [expected[0], expected[0], expected[1], expected[1]])
            #expect(packets.map { $0[2] } == ["1,1", "1,1", "1,1", "1,1"])
            // Who may be fragmented has an identification of its own; who may not needs none (RFC 6864).
            let cut = packets.filter { $0[0].hasPrefix("0") }.compactMap { $0[1].split(separator: ",").first }
            let whole = packets.filter { $0[0].hasPrefix("1") }.compactMap { $0[1].split(separator: ",").first }
            #expect(Set(cut).count == cut.count && !cut.contains("0x0000"))
            #expect(whole == Array(repeating: "0x0000", count: 2 * expected.count { $0.hasPrefix("1") }))
            #expect(a.process.text.contains("--df clear: ") == (policy == "clear"))
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test(arguments: ["copy", "clear"])
    func `what does not fit leaves in outer fragments, which share an identification`(policy: String) throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: ["--df", policy, "--mtu", "2000"])
            let capture = try b.host.capture("eth0", "ip proto 4 and src 192.0.2.1")
            #expect(try a.host.ping("10.9.0.2", count: 3, "-M", "dont", "-s", "1900") == 3)
            // Fragments are not taken apart, so that these are outer fields.
            let packets = try capture.fields(of: 6, "ip.id", "ip.flags.mf", "ip.frag_offset", "ip.len")
                .map { $0.map { String($0.prefix { $0 != "," }) } }
            // 20 octets of header and 1480, a multiple of 8; then 20 and the other 448 of 1928. tshark counts in eights.
            let shape = [["1", "0", "1500"], ["0", "185", "468"]]
            #expect(packets.map { Array($0.dropFirst()) } == shape + shape + shape)
            let identifications = packets.map { $0[0] }
            for pair in stride(from: 0, to: 6, by: 2) { #expect(identifications[pair] == identifications[pair + 1]) }
            #expect(Set(identifications).count == 3)
            let report = try a.report { $0.encapsulate.delivered == 3 }
            #expect(report.encapsulate.fragmented == 3)
            #expect(report.encapsulate.outer_packets == 6)
            #expect(try b.report().decapsulate.received == 3)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `with --df clear even what may not be cut arrives, and TCP with it`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: ["--df", "clear", "--mtu", "2000", "--mss-clamp", "off"])
            #expect(try a.host.ping("10.9.0.2", "-M", "do", "-s", "1900", "-W", "0.5") == 3)
            let transfer = try Transfer.start(from: a.host, to: b.host, at: "10.9.0.2")
            try transfer.waitForMore(4)
            #expect(try transfer.end().isIntact)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    /// Options, the inner traffic class, and the outer one.
    @Test(arguments: [
        ([], "0xba", "0xba"),
        (["--dscp", "46"], "0x00", "0xb8"),
        (["--dscp", "46"], "0x29", "0xb9"),
        (["--dscp", "0"], "0xb8", "0x00"),
        (["--ecn", "normal"], "0x03", "0x03"),
        (["--ecn", "compatible"], "0xba", "0xb8"),
        (["--dscp", "10", "--ecn", "compatible"], "0x03", "0x28"),
    ])
    func `traffic class of the outer header`(options: [String], inner: String, outer: String) throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: options)
            let capture = try b.host.capture("eth0", "ip proto 4 and src 192.0.2.1")
            #expect(try a.host.ping("10.9.0.2", count: 2, "-Q", inner) == 2)
            let packets = try capture.fields(of: 2, "ip.dsfield")
            #expect(packets == [["\(outer),\(inner)"], ["\(outer),\(inner)"]])
        }
    }

    @Test(arguments: [("7", "7,33"), ("255", "255,33"), ("inherit", "33,33")])
    func `TTL of the outer header`(policy: String, expected: String) throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: ["--ttl", policy])
            let capture = try b.host.capture("eth0", "ip proto 4 and src 192.0.2.1")
            #expect(try a.host.ping("10.9.0.2", count: 2, "-t", "33") == 2)
            #expect(try capture.fields(of: 2, "ip.ttl") == [[expected], [expected]])
        }
    }

    @Test func `who is further away than --min-ttl allows is dropped as outer-ttl`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let address = ["--address", "10.9.0.2 peer 10.9.0.1"]
            let b = try chain.b.up(["--peer", "10.1.1.1", "--min-ttl", "252", "--ttl", "255"] + address)
            for (ttl, answered) in [("255", 3), ("254", 0), ("64", 0)] {
                let a = try chain.a.up("--peer", "10.1.4.2", "--address", "10.9.0.1 peer 10.9.0.2", "--ttl", ttl)
                #expect(try chain.a.ping("10.9.0.2", count: 3, "-W", "0.3") == answered)
                #expect(try a.end() == 0)
            }
            let report = try b.report { $0.decapsulate.received == 9 }
            #expect(report.decapsulateDrops == ["outer-ttl": 6])
            try b.expectEveryPacketAccountedFor()
        }
    }
}
