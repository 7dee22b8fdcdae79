// SPDX-License-Identifier: Apache-2.0

import Testing

/// Two tunnels that want the same of their host: whichever ends first, the other goes on, and the last one cleans up.
///
/// ```
///                                 10.20.1.65  first ····························· iptun0  10.20.1.65  10.30.0.1
///                                 10.20.1.66  second ····························         10.20.1.66  10.31.0.1
///   left  10.20.1.9/24 ─── 10.20.1.1/24  a  192.0.2.1/24 ──── 192.0.2.2/24  b
///                 eth0 ═══ lan              eth0 ════════════ eth0
/// ```
@Suite(.needsRoot)
struct SharedChangeTests {
    /// Which of two tunnels.
    enum Which: String, CaseIterable {
        case first, second

        var other: Which { self == .first ? .second : .first }

        /// Where it leads: a host that seems to be on the LAN, and one on a network that seems to be.
        var addresses: [String] {
            self == .first ? ["10.20.1.65", "10.30.0.1"] : ["10.20.1.66", "10.31.0.1"]
        }

        var prefixes: String { self == .first ? "10.20.1.65/32,10.30.0.0/16" : "10.20.1.66/32,10.31.0.0/16" }
    }

    private func up(_ which: Which, _ gateway: Gateway, _ way: WayToEnd = .terminated) throws -> Tunnel {
        try gateway.a.up(
            [
                "--device", which.rawValue, "--peer", "192.0.2.2", "--allowed-ips", which.prefixes, "--forward",
                "--proxy-arp", "lan networks",
            ])
    }

    private func site(_ lab: Lab) throws -> Gateway {
        let gateway = try lab.gateway()
        _ = try gateway.b.up(
            "--peer", "192.0.2.1", "--address", "10.20.1.65/32,10.20.1.66/32,10.30.0.1/32,10.31.0.1/32",
            "--allowed-ips", "10.20.1.9/32")
        // For all that it knows, everybody is on the LAN.
        try gateway.left.shell("ip route add 10.30.0.0/15 dev eth0")
        return gateway
    }

    /// Expects that the host of the LAN reaches what is behind a tunnel, by asking again who answers for it.
    private func expectReach(_ which: Which, _ gateway: Gateway) throws {
        try gateway.left.shell("ip neigh flush dev eth0")
        for address in which.addresses { #expect(try gateway.left.ping(address, count: 1) == 1, "\(address)") }
    }

    @Test(arguments: Which.allCases, WayToEnd.allCases)
    func `the other one keeps forwarding and answering`(first: Which, way: WayToEnd) throws {
        try Lab.open { lab in
            let gateway = try site(lab)
            let before = try gateway.a.state
            let tunnels = [Which.first: try up(.first, gateway, way), .second: try up(.second, gateway, way)]
            for which in Which.allCases { try expectReach(which, gateway) }
            for which in [first, first.other] {
                let tunnel = try #require(tunnels[which])
                if try way.perform(tunnel) { try gateway.a.down(tunnel.name) }
                if which == first { try expectReach(first.other, gateway) }
            }
            #expect(try gateway.a.changes(since: before) == [])
        }
    }

    @Test func `the last one to be cleared away cleans up, although it died first`() throws {
        try Lab.open { lab in
            let gateway = try site(lab)
            let before = try gateway.a.state
            let (first, second) = (try up(.first, gateway), try up(.second, gateway))
            #expect(try WayToEnd.killedWithKeeper.perform(first))
            try expectReach(.second, gateway)
            #expect(try second.end() == 0)
            try gateway.a.down("first")
            #expect(try gateway.a.changes(since: before) == [])
        }
    }
}
