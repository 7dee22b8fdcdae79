// SPDX-License-Identifier: Apache-2.0

import Testing

/// The set-up of 1994, by the two files that docs/1994.md shows (see ``Lab/layout1994()``).
///
/// ```
///   ghost 111.112.100.87  tunl ································· tunl
///                            a ─── router ───┬── 111.112.100.86  b
///                                            └── 111.112.100.5   h
/// ```
@Suite(.needsRoot)
struct Tests1994 {
    private static let ghost = "111.112.100.87"
    private static let fileOfA = """
        [Interface]
        Address    = 111.112.100.87/32

        [Peer]
        Name       = b
        Endpoint   = 111.112.100.86
        AllowedIPs = 111.112.100.0/24

        """
    private static let fileOfB = """
        [Interface]
        ProxyARP   = eth0
        Forward    = yes

        [Peer]
        Name       = a
        Endpoint   = 111.112.101.37
        AllowedIPs = 111.112.100.87/32

        """

    /// Both tunnels; reverse path filtering is strict on every device, theirs too.
    private func start(_ lab: Lab, _ layout: Layout1994) throws -> (a: Tunnel, b: Tunnel) {
        let a = try layout.a.up([try lab.file("a/tunl", Tests1994.fileOfA)])
        let b = try layout.b.up([try lab.file("b/tunl", Tests1994.fileOfB)])
        for host in layout.hosts { try host.filterStrictly() }
        return (a, b)
    }

    /// Everybody who should reach somebody does: 12 echo requests, all of which go through the tunnel.
    private func expectReach(_ layout: Layout1994) throws {
        #expect(try layout.h.ping(Tests1994.ghost) == 3, "H reaches the ghost")
        #expect(try layout.a.ping("111.112.100.5", count: 3, "-I", Tests1994.ghost) == 3, "the ghost reaches H")
        #expect(try layout.b.ping(Tests1994.ghost) == 3, "B reaches the ghost")
        #expect(try layout.a.ping("111.112.100.86") == 3, "A reaches B through the tunnel")
    }

    @Test func `the layout works by two files, under strict reverse path filtering, and leaves no trace`() throws {
        try Lab.open { lab in
            let layout = try lab.layout1994()
            for host in layout.hosts { try host.filterStrictly() }
            try layout.router.startCounting("ip protocol != 4")
            let before = try layout.hosts.map { (state: try $0.unwatchedState, settings: try $0.settings) }
            let tunnel = try start(lab, layout)
            let capture = try layout.router.capture("any", "ip and not ip proto 4")
            try expectReach(layout)
            let report = try tunnel.a.report { $0.encapsulate.delivered == 12 && $0.decapsulate.delivered == 12 }
            #expect([report.encapsulate.received, report.encapsulate.delivered] == [12, 12])
            #expect([report.decapsulate.received, report.decapsulate.delivered] == [12, 12])
            let others = try layout.router.counted()
            let list = others == 0 ? "" : try capture.list()
            #expect(others == 0, "nothing passes the router but what the tunnel sent: \(list)")
            #expect(try tunnel.a.end() == 0)
            #expect(try tunnel.b.end() == 0)
            for (host, before) in zip(layout.hosts, before) {
                #expect(try host.unwatchedState == before.state)
                #expect(try host.settings == before.settings)
            }
        }
    }

    @Test func `H and the ghost exchange files whole`() throws {
        try Lab.open { lab in
            let layout = try lab.layout1994()
            let tunnel = try start(lab, layout)
            for (client, server, address) in [
                (layout.h, layout.a, Tests1994.ghost), (layout.a, layout.h, "111.112.100.5"),
            ] {
                let transfer = try Transfer.start(from: client, to: server, at: address)
                try transfer.waitForMore(20)
                let ending = try transfer.end()
                #expect(ending.isIntact)
                #expect(ending.octets >= 20 << 20)
            }
            for end in [tunnel.a, tunnel.b] {
                let report = try end.report { $0.encapsulate.received == $0.encapsulate.delivered }
                #expect(report.encapsulate.dropped == 0 && report.decapsulate.dropped == 0)
            }
        }
    }

    @Test func `ICMP redirects on B's network: zero`() throws {
        try Lab.open { lab in
            let layout = try lab.layout1994()
            _ = try start(lab, layout)
            let capture = try layout.b.capture("eth0", "icmp")
            try expectReach(layout)
            let transfer = try Transfer.start(from: layout.h, to: layout.a, at: Tests1994.ghost)
            try transfer.waitForMore(2)
            #expect(try transfer.end().isIntact)
            // H and the ghost ask each other, three times each; what B itself asks and answers is inside of the tunnel.
            let types = try capture.fields(of: 12, "icmp.type").map { $0[0] }
            #expect(types.count { $0 == "8" } == 6 && types.count { $0 == "0" } == 6)
            #expect(types.count == 12, "no other ICMP, and so no redirect: \(types)")
        }
    }

    @Test func `the order in which the two ends come up does not matter, nor does a restart of one`() throws {
        try Lab.open { lab in
            let layout = try lab.layout1994()
            let tunnel = try start(lab, layout)
            try expectReach(layout)
            #expect(try tunnel.a.end() == 0)
            #expect(try layout.h.ping(Tests1994.ghost, count: 3, "-W", "0.2") == 0)
            _ = try layout.a.up([try lab.file("a/tunl", Tests1994.fileOfA)])
            try layout.a.filterStrictly()
            try expectReach(layout)
        }
    }
}
