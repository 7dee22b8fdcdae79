// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// The path MTU falls while octets are on their way.
///
/// ```
///   10.9.0.1  iptun0 ···················································· iptun0  10.9.0.2
///                    a ─── 1500 ─── r1 ─── 1500 ─── r2 ─── 1500, then 1400 ─── r3 ─── 1500 ─── b
/// ```
@Suite(.needsRoot)
struct FallingMTUTests {
    /// Longer than TCP needs for a few retransmissions, and shorter than anybody would wait, milliseconds.
    private static let patience = 3_000

    @Test func `a TCP stream goes on when a link in the middle narrows`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let tunnel = try chain.tunnel()
            let transfer = try Transfer.start(from: chain.a, to: chain.b, at: "10.9.0.2")
            try transfer.waitForMore(4)
            try chain.narrow(to: 1400)
            try transfer.waitForMore(8)
            let ending = try transfer.end()
            #expect(ending.isIntact)
            #expect(ending.longestGap < FallingMTUTests.patience)
            #expect(try tunnel.a.report().peers.first?.path_mtu == 1400)
            try expectRecovery(chain, tunnel)
        }
    }

    @Test func `a TCP stream goes on when a host's own uplink narrows, and the other side of that link later`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let tunnel = try chain.tunnel()
            let transfer = try Transfer.start(from: chain.a, to: chain.b, at: "10.9.0.2")
            try transfer.waitForMore(4)
            try chain.a.shell("ip link set eth0 mtu 1400")
            try transfer.waitForMore(4)
            try chain.r1.shell("ip link set west mtu 1400")
            try transfer.waitForMore(4)
            let ending = try transfer.end()
            #expect(ending.isIntact)
            #expect(ending.longestGap < FallingMTUTests.patience)
            try eventually("the host knows its own uplink") { try tunnel.a.report().peers.first?.path_mtu == 1400 }
            // No router had to say so.
            let report = try tunnel.a.report()
            #expect(report.peers.first?.last_icmp_error?.contains("3/4") != true, "\(report)")
            try expectRecovery(chain, tunnel)
        }
    }

    @Test(arguments: [["--mss-clamp", "1340"], ["--mtu", "1380"]])
    func `where ICMP is filtered, TCP passes if it was told to send less`(options: [String]) throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            try chain.narrow(to: 1400)
            for router in [chain.r2, chain.r3] { try router.filter("output", "icmp type destination-unreachable drop") }
            let a = try chain.a.up(["--peer", "10.1.4.2", "--address", "10.9.0.1 peer 10.9.0.2"] + options)
            let b = try chain.b.up("--peer", "10.1.1.1", "--address", "10.9.0.2 peer 10.9.0.1")
            // The filter is in the way indeed: nobody says a word.
            #expect(try chain.b.ping("10.9.0.1", count: 1, "-M", "do", "-s", "1452", "-W", "0.5") == 0)
            #expect(try b.report().decapsulate.icmp_errors_received == 0)
            for (client, server, address) in [(chain.a, chain.b, "10.9.0.2"), (chain.b, chain.a, "10.9.0.1")] {
                let transfer = try Transfer.start(from: client, to: server, at: address)
                try transfer.waitForMore(4)
                let ending = try transfer.end()
                #expect(ending.isIntact)
                #expect(ending.longestGap < FallingMTUTests.patience)
            }
            for end in [a, b] {
                #expect(try end.report().decapsulate.icmp_errors_received == 0)
                try end.expectEveryPacketAccountedFor()
            }
        }
    }

    @Test func `datagrams that may be cut arrive, each octet of them`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let tunnel = try chain.tunnel()
            try chain.narrow(to: 1400)
            try chain.learn(tunnel, expecting: 1400)
            let sizes = [1352, 1353, 1452, 1453, 1472, 1473, 3000, 9000]
            let receiver = try chain.b.start(["/usr/bin/python3", "-u", "-c", FallingMTUTests.receiver])
            try receiver.waitFor("listening")
            for size in sizes {
                try chain.a.shell(
                    """
                    exec /usr/bin/python3 -c 'import socket
                    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    wire.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER, IP_PMTUDISC_DONT
                    wire.sendto((bytes(range(256)) * 36)[:\(size)], ("10.9.0.2", 7000))'
                    """)
                try receiver.waitFor("\(size) intact")
            }
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    /// Says of each datagram how long it is, and whether it is as it was sent.
    private static let receiver = """
        import socket
        wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wire.bind(("10.9.0.2", 7000))
        print("listening")
        while True:
            data = wire.recv(65536)
            print(len(data), "intact" if data == (bytes(range(256)) * 36)[:len(data)] else "broken")
        """

    /// After the fall: what may not be cut is told the new MTU and passes when it fits, what may be cut is delivered.
    private func expectRecovery(_ chain: Chain, _ tunnel: (a: Tunnel, b: Tunnel)) throws {
        try chain.learn(tunnel, expecting: 1400)
        #expect(try chain.a.ping("10.9.0.2", "-M", "do", "-s", "1352") == 3)
        #expect(try chain.b.ping("10.9.0.1", "-M", "do", "-s", "1352") == 3)
        #expect(try chain.a.ping("10.9.0.2", "-M", "dont", "-s", "1472") == 3)
        for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
    }
}
