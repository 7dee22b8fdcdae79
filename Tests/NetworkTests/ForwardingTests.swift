// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Two sites whose gateways are told to forward, and nothing else: hosts behind them reach each other, both ways. (What others
/// saw: forwarding by device that is on at one of two, ifupdown-ng/ifupdown-ng#136, hassio-addons/app-wireguard#190.)
///
/// ```
///   h  10.20.1.5 ─ lan ─ 10.20.1.1  a  192.0.2.1 ─ eth0 ═══ eth0 ─ 192.0.2.2  b  10.20.2.1 ─ lan ─ 10.20.2.5  k
/// ```
@Suite(.needsRoot)
struct ForwardingTests {
    private struct Sites {
        let (h, a, b, k): (Host, Host, Host, Host)
        let before: [[String]]
    }

    private func open(_ body: (Lab, Sites) throws -> Void) throws {
        try Lab.open { lab in
            let (h, a, b, k) = (lab.added("h"), lab.added("a"), lab.added("b"), lab.added("k"))
            try lab.build(
                [h, a, b, k],
                [
                    Cable(h, "eth0", "10.20.1.5/24", a, "lan", "10.20.1.1/24"),
                    Cable(a, "eth0", "192.0.2.1/24", b, "eth0", "192.0.2.2/24"),
                    Cable(k, "eth0", "10.20.2.5/24", b, "lan", "10.20.2.1/24"),
                ], [(h, "default via 10.20.1.1"), (k, "default via 10.20.2.1")])
            for gateway in [a, b] { try gateway.shell("echo 0 > /proc/sys/net/ipv4/ip_forward") }
            try body(lab, Sites(h: h, a: a, b: b, k: k, before: [try a.state, try b.state]))
        }
    }

    private func up(_ host: Host, _ peer: String, _ allowed: String, _ options: [String]) throws -> Tunnel {
        try host.up(["--peer", peer, "--allowed-ips", allowed] + options)
    }

    @Test(arguments: [["--forward"], ["--forward-device", "lan"]])
    func `both sites reach each other, and nothing is left`(options: [String]) throws {
        try open { _, sites in
            let a = try up(sites.a, "192.0.2.2", "10.20.2.0/24", options)
            let b = try up(sites.b, "192.0.2.1", "10.20.1.0/24", options)
            #expect(a.echoes.contains("[#] sysctl -w net.ipv4.conf.lan.forwarding=1"))
            #expect(a.echoes.contains { $0.contains("eth0.forwarding") } == (options == ["--forward"]))
            #expect(try sites.h.ping("10.20.2.5") == 3)
            #expect(try sites.k.ping("10.20.1.5") == 3)
            let ending = try sites.a.iptund("doctor", a.name)
            #expect(!ending.text.contains("forwarding.off\n"), "\(ending.text)")
            for end in [a, b] { #expect(try end.end() == 0) }
            #expect(try sites.a.changes(since: sites.before[0]) == [])
            #expect(try sites.b.changes(since: sites.before[1]) == [])
        }
    }

    @Test func `without it nothing changes, and doctor says what is missing while packets die`() throws {
        try open { lab, sites in
            let a = try up(sites.a, "192.0.2.2", "10.20.2.0/24", [])
            _ = try up(sites.b, "192.0.2.1", "10.20.1.0/24", ["--forward"])
            #expect(!a.process.text.contains("forwarding"))
            _ = try lab.start(["ping", "-n", "-i", "0.1", "10.20.1.5"], on: sites.k)
            try eventually("packets for others die") { try sites.a.kernelCounter("Ip", "InAddrErrors") > 3 }
            let ending = try sites.a.iptund("doctor", a.name)
            #expect(ending.text.contains("warning  forwarding.off\n"), "\(ending.text)")
            #expect(ending.text.contains("if this host is to be a router: sysctl -w "), "\(ending.text)")
        }
    }

    @Test func `a device that stopped forwarding since is named`() throws {
        try open { lab, sites in
            let a = try up(sites.a, "192.0.2.2", "10.20.2.0/24", ["--forward"])
            _ = try up(sites.b, "192.0.2.1", "10.20.1.0/24", ["--forward"])
            lab.stopKeepers()
            try sites.a.shell("echo 0 > /proc/sys/net/ipv4/conf/lan/forwarding")
            _ = try lab.start(["ping", "-n", "-i", "0.1", "10.20.2.5"], on: sites.h)
            let ending = try sites.a.iptund("doctor", a.name)
            #expect(ending.text.hasPrefix("broken   forwarding.off"), "\(ending.text)")
            #expect(ending.text.contains("fix: sysctl -w net.ipv4.conf.lan.forwarding=1"))
        }
    }

    @Test func `a device that is not there is an error`() throws {
        try open { _, sites in
            let text = try sites.a.refuses(
                [
                    Host.program, "up", "--peer", "192.0.2.2", "--allowed-ips", "10.20.2.0/24", "--forward-device",
                    "dmz",
                ],
                status: 1)
            #expect(text.contains("Forward = dmz: there is no such device"))
            #expect(try sites.a.changes(since: sites.before[0]) == [])
        }
    }
}
