// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Tunnels whose device is in another network namespace than their outer packets.
@Suite(.needsRoot)
struct NamespaceTests {
    /// ```
    ///   inside  10.9.0.1  iptun0 ··························· iptun0  10.9.0.2, 203.0.113.1 (lo)
    ///                           a  192.0.2.1 ─── 192.0.2.2  b
    /// ```
    @Test func `a namespace whose only way out is the tunnel reaches the world`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let inside = try lab.host("in")
            let before = (a: try a.state, inside: try inside.state)
            try b.shell("ip address add 203.0.113.1/32 dev lo")
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            let tunnel = try a.up(
                "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0", "--netns",
                inside.namespace)
            // Nothing has happened here but the tunnel's files.
            #expect(try a.changes(since: before.a).hasOnly { $0.hasPrefix("+ iptun0@") })
            #expect(
                try inside.shellWithSys("ls -x /sys/class/net").split(whereSeparator: \.isWhitespace) == [
                    "iptun0", "lo",
                ])
            let capture = try b.capture("eth0", "ip proto 4 and src 192.0.2.1")
            #expect(try inside.ping("203.0.113.1") == 3)
            #expect(try capture.fields(of: 3, "ip.dst").hasOnly { $0 == ["192.0.2.2,203.0.113.1"] })
            #expect(try b.ping("10.9.0.1") == 3)
            #expect(try tunnel.report { $0.encapsulate.delivered == 6 }.encapsulate.dropped == 0)
            let transfer = try Transfer.start(from: inside, to: b, at: "203.0.113.1")
            try transfer.waitForMore(2)
            #expect(try transfer.end().isIntact)
            #expect(try tunnel.end() == 0)
            #expect(try a.changes(since: before.a) == [])
            #expect(try inside.changes(since: before.inside) == [])
        }
    }

    /// Three namespaces, and in the middle one two tunnels (docs/same-machine.md).
    private struct Machine {
        let home: Host
        let left: Host
        let right: Host
        var hosts: [Host] { [home, left, right] }

        /// ```
        ///   left  10.9.0.1  left ··· 192.0.2.1 (lo)  home  192.0.2.2 (lo) ··· right  10.9.0.2  right
        /// ```
        init(_ lab: Lab) throws {
            (home, left, right) = (try lab.host("home"), try lab.host("left"), try lab.host("right"))
            try home.shell("ip address add 192.0.2.1/32 dev lo; ip address add 192.0.2.2/32 dev lo")
        }

        func up(_ lab: Lab) throws -> (left: Tunnel, right: Tunnel) {
            func text(_ namespace: Host, _ own: Int, _ other: Int) -> String {
                """
                [Interface]
                Netns      = \(namespace.namespace)
                Local      = 192.0.2.\(own)
                Address    = 10.9.0.\(own)/32

                [Peer]
                Endpoint   = 192.0.2.\(other)
                AllowedIPs = 10.9.0.\(other)/32

                """
            }
            return (
                try home.up([try lab.file("home/left", text(left, 1, 2))]),
                try home.up([try lab.file("home/right", text(right, 2, 1))])
            )
        }
    }

    @Test func `two tunnels on one machine talk to each other`() throws {
        try Lab.open { lab in
            let machine = try Machine(lab)
            let tunnel = try machine.up(lab)
            #expect(try machine.left.ping("10.9.0.2") == 3)
            #expect(try machine.right.ping("10.9.0.1") == 3)
            for (client, server, address) in [
                (machine.left, machine.right, "10.9.0.2"), (machine.right, machine.left, "10.9.0.1"),
            ] {
                let transfer = try Transfer.start(from: client, to: server, at: address)
                try transfer.waitForMore(5)
                #expect(try transfer.end().isIntact)
            }
            for end in [tunnel.left, tunnel.right] {
                let peer = try #require(try end.report().peers.first)
                #expect(peer.received.drops == [:] && peer.sent.drops == [:])
            }
        }
    }

    @Test func `a reload changes the device where it is`() throws {
        try Lab.open { lab in
            let machine = try Machine(lab)
            let before = try machine.hosts.map { try $0.state }
            let tunnel = try machine.up(lab)
            let file = "\(lab.directory)/home/left.conf"
            let text =
                try Files.read(file).replacing("[Peer]", with: "MTU = 1400\n[Peer]") + "AllowedIPs = 10.9.7.0/24\n"
            _ = try lab.file("home/left", text)
            let ending = try machine.home.iptund("reload", "left")
            #expect(ending.status == 0, "\(ending.text)")
            #expect(try machine.left.link("left", "mtu") == "1400")
            #expect(try machine.left.device(to: "10.9.7.1") == "left")
            #expect(try machine.left.ping("10.9.0.2") == 3)
            for end in [tunnel.left, tunnel.right] { try self.end(end, by: .signal) }
            for (host, state) in zip(machine.hosts, before) { #expect(try host.changes(since: state) == []) }
        }
    }

    /// How a tunnel can end.
    enum Ending: CaseIterable { case signal, order, kill, killWithKeeper }

    @Test(arguments: Ending.allCases)
    func `nothing is left in any of the three namespaces, however they end`(ending: Ending) throws {
        try Lab.open { lab in
            let machine = try Machine(lab)
            let before = try machine.hosts.map { try $0.state }
            let tunnel = try machine.up(lab)
            #expect(try machine.left.ping("10.9.0.2") == 3)
            for end in [tunnel.left, tunnel.right] { try self.end(end, by: ending) }
            for (host, state) in zip(machine.hosts, before) { #expect(try host.changes(since: state) == []) }
        }
    }

    private func end(_ tunnel: Tunnel, by ending: Ending) throws {
        let keeper = try tunnel.keeper
        switch ending {
        case .signal: #expect(try tunnel.end() == 0)
        case .order:
            #expect(try tunnel.host.iptund("down", tunnel.name).status == 0)
            #expect(try tunnel.process.wait() == 0)
        case .kill: #expect(try tunnel.end(SIGKILL) == 128 + SIGKILL)
        case .killWithKeeper:
            kill(keeper, SIGKILL)
            #expect(try tunnel.end(SIGKILL) == 128 + SIGKILL)
            #expect(try tunnel.host.iptund("down", tunnel.name).status == 0)
        }
        try eventually("the keeper is done") { Running.isGone(keeper) }
    }

    /// As WireGuard's test for circular references has it: a namespace is freed when it is deleted, whoever has a tunnel there.
    /// (What others saw: namespaces that live on, moby/moby#32090 and #41136, passteque/gluetun#641.)
    @Test func `a namespace that is deleted ends its tunnel, and is freed at once`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let inside = try lab.host("in")
            try lab.connect(b, "into", "10.77.0.1/24", inside, "out", "10.77.0.2/24")
            let before = try a.state
            let tunnel = try a.up(
                "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0", "--netns",
                inside.namespace)
            let keeper = try tunnel.keeper
            try Lab.command("ip", "netns", "delete", inside.namespace)
            #expect(try tunnel.process.wait() == 1)
            let complaint = tunnel.process.lines.last.map(String.init) ?? ""
            #expect(complaint.contains("network namespace '\(inside.namespace)': was deleted by somebody; "))
            explains(complaint + "\n")
            try eventually("the keeper is done") { Running.isGone(keeper) }
            // With a namespace go the ends of links that are in it, and so their other ends.
            try eventually("the namespace is freed", within: 5) {
                try b.shell("ip -oneline link show").contains("into@") == false
            }
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `a namespace of another name that is deleted changes nothing`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let (inside, other) = (try lab.host("in"), try lab.host("x"))
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            let tunnel = try a.up(
                "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0", "--netns",
                inside.namespace)
            try Lab.command("ip", "netns", "delete", other.namespace)
            #expect(try inside.ping("10.9.0.2") == 3)
            #expect(try tunnel.end() == 0)
        }
    }

    @Test func `a namespace that is not there, and one that may not be entered, are said`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let inside = try lab.host("in")
            let absent = try a.refuses([Host.program, "up", "--peer", "192.0.2.2", "--netns", "nowhere"], status: 1)
            #expect(absent.hasPrefix("iptund: network namespace 'nowhere': there is none; "))
            let forbidden = try a.refuses(
                [
                    "setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", Host.program, "up", "--peer",
                    "192.0.2.2", "--netns", inside.namespace,
                ], status: 1)
            #expect(forbidden.contains("cannot enter network namespace") && forbidden.contains("CAP_SYS_ADMIN"))
            for message in [absent, forbidden] { explains(message) }
        }
    }
}
