// SPDX-License-Identifier: Apache-2.0

import Testing

/// Only the peer may send, only what it may send gets through, and everything else has a name and a count.
///
/// ```
///            stranger  192.0.2.3 ─┐ (the same wire, another source)
///   a  192.0.2.1/24 ──── eth0 ════╧════ eth0 ──── 192.0.2.2/24  b  iptun0  10.9.0.2
/// ```
@Suite(.needsRoot)
struct ClosedByDefaultTests {
    private let request = CraftedPacket.echo("10.9.0.1", "10.9.0.2")

    @Test func `a stranger is counted and hears nothing`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try lab.upB(b)
            let before = try b.kernelCounter("Icmp", "OutMsgs")
            try a.send(repeatElement(.outer("192.0.2.3", "192.0.2.2", request.octets), count: 3) + [])
            let report = try tunnel.report { $0.decapsulate.dropped == 3 }
            #expect(report.decapsulate.drops == ["not-peer": 3])
            #expect(report.decapsulate.delivered == 0)
            #expect(try b.kernelCounter("Icmp", "OutMsgs") == before)
        }
    }

    @Test func `a peer that writes to another address of ours than --local is counted`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell("ip address add 192.0.2.20/24 dev eth0")
            let strict = try b.up("--peer", "192.0.2.1", "--local", "192.0.2.2", "--device", "strict")
            let before = try b.kernelCounter("Icmp", "OutMsgs")
            try a.send([.outer("192.0.2.1", "192.0.2.20", request.octets)])
            let report = try strict.report { $0.decapsulate.dropped == 1 }
            #expect(report.decapsulate.drops == ["not-local": 1])
            #expect(try b.kernelCounter("Icmp", "OutMsgs") == before)
        }
    }

    @Test func `an inner source outside of --allowed-ips dies and is counted at that peer`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try lab.upA(a)
            let tunnel = try b.up(
                "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            try a.shell("ip address add 10.66.0.1/32 dev iptun0")
            #expect(try a.ping("10.9.0.2", count: 3) == 3)
            #expect(try a.ping("10.9.0.2", count: 4, "-I", "10.66.0.1", "-W", "0.2") == 0)
            let report = try tunnel.report { $0.decapsulate.dropped == 4 }
            #expect(report.peers.first?.received.drops == ["inner-source": 4])
            #expect(report.peers.first?.received.packets == 3)
            #expect(report.decapsulate.drops.isEmpty)
        }
    }

    /// RFC 2003 has no authentication.
    @Test func `who writes a peer's address on his packets is that peer, and no more than that peer`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            // Nobody has this address.
            let tunnel = try b.up("--peer", "192.0.2.9", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.9/32")
            let (first, second) = (
                CraftedPacket.echo("10.9.0.9", "10.9.0.2"), CraftedPacket.echo("10.9.0.8", "10.9.0.2")
            )
            try a.send(repeatElement(.outer("192.0.2.9", "192.0.2.2", first.octets), count: 2) + [])
            try a.send(repeatElement(.outer("192.0.2.9", "192.0.2.2", second.octets), count: 3) + [])
            let report = try tunnel.report { $0.decapsulate.dropped == 3 && $0.decapsulate.delivered == 2 }
            #expect(report.peers.first?.received.packets == 2)
            #expect(report.peers.first?.received.drops == ["inner-source": 3])
        }
    }

    @Test func `every malformed inner packet is counted under its reason, and the daemon goes on`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            let short = [0, 1, 19].map { ([0x45] + [UInt8](repeating: 0, count: 18)).prefix($0) }
            let wrong: [(inout CraftedPacket) -> Void] = [
                { $0.version = 5 }, { $0.version = 6 }, { $0.headerWords = 4 }, { $0.ttl = 0 },
                { $0.checksum = 0xdead }, { $0.totalLength = 1_000 },
            ]
            try a.host.send(
                (short.map(Array.init) + wrong.map { request.with($0).octets }).map { .outer($0) })
            let expected = [
                "truncated": 3, "not-ip": 1, "inner-ipv6": 1, "header-length": 1, "ttl-zero": 1, "inner-checksum": 1,
                "total-length": 1,
            ]
            let report = try b.report { $0.decapsulate.dropped >= 9 }
            #expect(report.peers.first?.received.drops == expected)
            #expect(report.decapsulate.received == 9)
            #expect(report.decapsulate.delivered == 0)
            #expect(try a.host.ping("10.9.0.2") == 3)
        }
    }
}
