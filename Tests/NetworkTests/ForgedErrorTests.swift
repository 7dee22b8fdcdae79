// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// ICMP errors that somebody forged: here a router, which is in the best place to.
///
/// ```
///   10.9.0.1  iptun0 ································································ iptun0  10.9.0.2
///                    a  192.0.2.1 ──── 192.0.2.254  router  198.51.100.254 ──── 198.51.100.2  b
/// ```
@Suite(.needsRoot)
struct ForgedErrorTests {
    @Test func `a tiny MTU is believed to 552 octets and no further, and the kernel believes nothing`() throws {
        try Lab.open { lab in
            let (a, b, router) = try lab.forgeable()
            for claim in [1, 68, 300, 551] as [UInt16] { try router.forge([(4, claim)]) }
            let report = try a.report { $0.decapsulate.icmp_errors_received == 4 }
            #expect(report.decapsulate.icmp_errors_received == 4)
            #expect(report.peers.first?.path_mtu == 552)
            #expect(try !a.host.shell("ip route get 198.51.100.2").contains("mtu"))
            #expect(try !a.host.shell("ip route show cache").contains("mtu"))
            try a.process.waitFor("so little is a broken path or a forged ICMP error")
            // It costs speed, not the connection.
            #expect(try a.host.ping("10.9.0.2", "-M", "dont", "-s", "1452") == 3)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `what happens right after something else is written down too`() throws {
        try Lab.open { lab in
            let (a, _, router) = try lab.forgeable()
            try router.forge([(1, 0)])
            try a.process.waitFor(
                "packets to a peer draw an ICMP error: peer unreachable", "peer=198.51.100.2", "icmp=3/1",
                "from=192.0.2.254")
            try router.forge([(4, 1000)])
            try a.process.waitFor("the path MTU to a peer is 1000 now, so 980 inside", "peer=198.51.100.2")
        }
    }

    @Test func `an MTU that is no smaller than what is known changes nothing`() throws {
        try Lab.open { lab in
            let (a, _, router) = try lab.forgeable()
            for claim in [1500, 1501, 65_535] as [UInt16] { try router.forge([(4, claim)]) }
            let report = try a.report { $0.decapsulate.icmp_errors_received == 3 }
            #expect(report.decapsulate.icmp_errors_received == 3)
            #expect(report.decapsulate.icmp_errors_sent == 0)
            #expect(report.peers.first?.path_mtu == 1500)
        }
    }

    @Test func `a router that does not say its MTU has the next smaller one that is in use`() throws {
        try Lab.open { lab in
            let (a, _, router) = try lab.forgeable()
            try router.forge([(4, 0)], length: 1500)
            let report = try a.report { $0.decapsulate.icmp_errors_received == 1 }
            #expect(report.peers.first?.path_mtu == 1492)
        }
    }

    @Test(arguments: [
        ("192.0.2.1", "198.51.100.3"), ("192.0.2.7", "198.51.100.2"), ("198.51.100.2", "192.0.2.1"),
    ])
    func `an error about what we never sent is a stray one`(source: String, destination: String) throws {
        try Lab.open { lab in
            let (a, _, router) = try lab.forgeable()
            let quoted = CraftedPacket(source, destination, 4).with { $0.dontFragment = true }
            try router.forge([(4, 600), (1, 0)], about: quoted)
            let report = try a.report { $0.decapsulate.stray_icmp_errors == 2 }
            #expect(report.decapsulate.stray_icmp_errors == 2)
            #expect(report.decapsulate.icmp_errors_received == 0)
            #expect(report.decapsulate.icmp_errors_sent == 0)
            #expect(report.peers.first?.path_mtu == 1500)
            #expect(try a.host.ping("10.9.0.2") == 3)
        }
    }

    @Test func `an error about another protocol concerns somebody else`() throws {
        try Lab.open { lab in
            let (a, _, router) = try lab.forgeable()
            try router.forge(
                [(4, 600)], about: CraftedPacket("192.0.2.1", "198.51.100.2", 17))
            // A stray one behind it shows that both have been seen.
            try router.forge(
                [(1, 0)], about: CraftedPacket("192.0.2.1", "198.51.100.9", 4))
            let report = try a.report { $0.decapsulate.stray_icmp_errors == 1 }
            #expect(report.decapsulate.stray_icmp_errors == 1)
            #expect(report.decapsulate.icmp_errors_received == 0)
            #expect(report.peers.first?.path_mtu == 1500)
            #expect(try a.host.ping("10.9.0.2", "-M", "do", "-s", "1452") == 3)
        }
    }

    @Test func `a stream of errors about others costs us no packet`() throws {
        try Lab.open { lab in
            let (a, b, router) = try lab.forgeable()
            // Quoted is what nobody here has sent; the kernel hands it to every protocol 4 socket all the same.
            let quoted = CraftedPacket.outer(
                "203.0.113.1", "203.0.113.2", CraftedPacket.echo("0.0.0.0", "0.0.0.0").octets)
            let forger = try router.keepSending(
                [.error("192.0.2.254", "192.0.2.1", 3, 4, nextHopMTU: 600, about: quoted.octets)], every: 0.0005)
            try eventually("the errors come") { try a.report().decapsulate.stray_icmp_errors > 100 }
            for _ in 0..<20 { #expect(try a.host.ping("10.9.0.2", count: 1) == 1) }
            let report = try a.report()
            #expect(report.encapsulate.dropped == 0)
            #expect(report.peers.first?.path_mtu == 1500)
            forger.signal(SIGKILL)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `two thousand errors at once draw no more answers than twenty a second after a first few`() throws {
        try Lab.open { lab in
            let (a, b, router) = try lab.forgeable()
            let start = Clock.milliseconds
            try router.send(
                (0..<2_000).map { number in
                    let inner = CraftedPacket.echo("10.66.\(number / 250).\(number % 250)", "10.9.0.2")
                    let outer = CraftedPacket.outer("192.0.2.1", "198.51.100.2", inner.octets)
                    return .error("192.0.2.254", "192.0.2.1", 3, 1, about: outer.with { $0.dontFragment = true }.octets)
                })
            let report = try a.report { $0.decapsulate.icmp_errors_received == 2000 }
            let seconds = Int(Clock.milliseconds - start) / 1000 + 1
            #expect(report.decapsulate.icmp_errors_received == 2000)
            #expect(report.decapsulate.icmp_errors_sent + report.decapsulate.icmp_errors_rate_limited == 2000)
            #expect((1...10 + 20 * seconds).contains(report.decapsulate.icmp_errors_sent), "\(report.decapsulate)")
            #expect(try a.host.ping("10.9.0.2", count: 20) == 20)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }
}

extension Lab {
    /// A tunnel whose router may forge what it likes.
    fileprivate func forgeable() throws -> (a: Tunnel, b: Tunnel, router: Host) {
        let (a, router, b) = try routedPair()
        return (
            try a.up("--peer", "198.51.100.2", "--address", "10.9.0.1 peer 10.9.0.2"),
            try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2 peer 10.9.0.1"), router
        )
    }
}

extension Host {
    /// What a sends to b.
    fileprivate static let ours = CraftedPacket("192.0.2.1", "198.51.100.2", 4).with { $0.dontFragment = true }

    /// Sends ICMP errors of type 3, each with a code and a next-hop MTU, one right after the other, to the left end about an
    /// outer packet of that many octets.
    fileprivate func forge(
        _ errors: [(code: UInt8, nextHopMTU: UInt16)], about outer: CraftedPacket = ours, length: Int = 1500
    ) throws {
        let data = [UInt8](repeating: 0, count: length - 48)
        let inner = CraftedPacket.echo("10.9.0.1", "10.9.0.2", data: data).with { $0.dontFragment = true }
        let quoted = outer.with { $0.payload = inner.octets }.octets
        try send(
            errors.map {
                .error("192.0.2.254", "192.0.2.1", 3, $0.code, nextHopMTU: $0.nextHopMTU, about: quoted)
            })
    }
}
