// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// The tunnel is one hop, however many routers it crosses, and TTLs that run out beyond it are reported through it.
@Suite(.needsRoot)
struct TracerouteTests {
    /// ```
    ///   10.9.0.1  iptun0 ····································· iptun0  10.9.0.2
    ///                    a ─── r1 ─── r2 ─── r3 ─── b
    /// ```
    @Test(arguments: ["-U", "-I", "-T"]) func `traceroute shows one hop for the tunnel`(method: String) throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let tunnel = try chain.tunnel()
            #expect(try chain.a.hops(to: "10.9.0.2", method) == ["10.9.0.2"])
            #expect(try chain.b.hops(to: "10.9.0.1", method) == ["10.9.0.1"])
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test(arguments: ["-U", "-I", "-T"]) func `traceroute between two sites shows the two gateways and the host`(
        method: String
    ) throws {
        try Lab.open { lab in
            let (sites, tunnel) = try lab.sites()
            #expect(try sites.left.hops(to: "10.20.2.9", method) == ["10.20.1.1", "10.9.0.2", "10.20.2.9"])
            #expect(try sites.right.hops(to: "10.20.1.9", method) == ["10.20.2.1", "10.9.0.1", "10.20.1.9"])
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `what a site sends that does not fit the path is told so, or cut, like everything else`() throws {
        try Lab.open { lab in
            let (sites, tunnel) = try lab.sites()
            try sites.chain.narrow(to: 1400)
            let size = ["-M", "do", "-s", "1400"]
            let told = try sites.left.run(["ping", "-n", "-c", "1", "-W", "2"] + size + ["10.20.2.9"])
            #expect(told.text.contains("From 10.20.1.1 icmp_seq=1 Frag needed and DF set (mtu = 1380)"), "\(told.text)")
            #expect(try sites.left.ping("10.20.2.9", "-M", "do", "-s", "1352") == 3)
            try sites.chain.learn(tunnel, expecting: 1400)
            #expect(try sites.left.ping("10.20.2.9", "-M", "dont", "-s", "1452") == 3)
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }
}

extension Host {
    /// Who answers on the way to `address`, by traceroute: one address per hop.
    fileprivate func hops(to address: String, _ method: String) throws -> [String] {
        let text = try shell("traceroute -n -q 1 -w 2 \(method) \(address)")
        // " 1  10.9.0.2  0.574 ms"
        return text.split(separator: "\n").dropFirst().compactMap {
            $0.split(separator: " ").dropFirst().first.map(String.init)
        }
    }
}
