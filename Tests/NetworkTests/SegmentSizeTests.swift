// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Connections between sites whose own links take 1500 octets, as they agree on a maximum segment size.
///
/// ```
///   left ── 1500 ── a  ···· tunnel, 1480 ····  b ── 1500 ── right
/// ```
@Suite(.needsRoot)
struct SegmentSizeTests {
    /// Of the left gateway, the right one, and what either side hears from the other.
    @Test(arguments: [
        ("auto", "auto", "1440"),
        ("auto", "off", "1440"),
        ("off", "auto", "1440"),
        ("1200", "auto", "1200"),
        ("off", "1200", "1200"),
        ("1460", "off", "1460"),
        ("2000", "off", "1460"),
        ("off", "off", "1460"),
    ])
    func `SYN and SYN-ACK say what fits through the tunnel`(left: String, right: String, expected: String) throws {
        try Lab.open { lab in
            let (sites, tunnel) = try lab.sites(a: ["--mss-clamp", left], b: ["--mss-clamp", right])
            let handshake = "tcp[tcpflags] & tcp-syn != 0"
            let atLeft = try sites.left.capture("eth0", "src 10.20.2.9 and \(handshake)")
            let atRight = try sites.right.capture("eth0", "src 10.20.1.9 and \(handshake)")
            let transfer = try Transfer.start(from: sites.left, to: sites.right, at: "10.20.2.9")
            try transfer.waitForMore(1)
            #expect(try transfer.end().isIntact)
            for capture in [atLeft, atRight] {
                let packets = try capture.fields(of: 1, "tcp.options.mss_val", "tcp.checksum.status")
                #expect(packets.hasOnly { $0[0] == expected }, "\(packets)")
            }
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `after the path MTU has fallen, new connections agree on less`() throws {
        try Lab.open { lab in
            let (sites, tunnel) = try lab.sites(a: [], b: ["--mss-clamp", "off"])
            try sites.chain.narrow(to: 1400)
            try sites.chain.learn(tunnel, expecting: 1400)
            let capture = try sites.right.capture("eth0", "src 10.20.1.9 and tcp[tcpflags] & tcp-syn != 0")
            let transfer = try Transfer.start(from: sites.left, to: sites.right, at: "10.20.2.9")
            try transfer.waitForMore(1)
            #expect(try transfer.end().isIntact)
            #expect(try capture.fields(of: 1, "tcp.options.mss_val").first == ["1340"])
        }
    }
}
