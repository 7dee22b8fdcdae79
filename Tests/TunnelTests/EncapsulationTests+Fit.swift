// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

/// What becomes of a packet that is longer than the way to the peer takes.
@Suite struct EncapsulationFitTests {
    typealias Policy = OuterPolicy.FragmentationPolicy

    @Test(arguments: Policy.allCases, [0x0000, 0x4000] as [UInt16])
    func `what fits goes whole, to the octet`(policy: Policy, flags: UInt16) throws {
        let packet = packet(1480, flags)
        let outcome = encapsulate(packet, by: try tunnel(policy))
        #expect(outcome.drop == nil && outcome.answer == nil)
        #expect(outcome.cut == .whole)
        #expect(try outcome.outerPackets().map(\.count) == [1500])
        #expect(outcome.bytes == packet)
    }

    @Test(arguments: [(Policy.set, 1481), (.set, 9000), (.copy, 1481), (.copy, 9000)])
    func `DF forbids to cut: the sender is told what fits`(policy: Policy, length: Int) throws {
        let packet = packet(length, 0x4000)
        let outcome = encapsulate(packet, by: try tunnel(policy))
        #expect(outcome.drop == .fragmentationNeeded)
        #expect(outcome.answer == .fragmentationNeeded(mtu: 1480))
        #expect(outcome.peer == Example.first)
        #expect(outcome.outer == nil)
        // The answer quotes it, so that it must be as it was.
        #expect(outcome.bytes == packet)
    }

    @Test(arguments: Policy.allCases) func `a header that is wrong is not made right by cutting`(policy: Policy) throws
    {
        var packet = packet(1481, 0x0000)
        packet[10] ^= 0x01
        #expect(encapsulate(packet, by: try tunnel(policy)).drop == .innerChecksum)
        // Short enough it goes as it is: whoever receives it will see.
        var short = self.packet(1480, 0x0000)
        short[10] ^= 0x01
        #expect(encapsulate(short, by: try tunnel(policy)).bytes == short)
    }

    @Test(arguments: [1481, 1500, 2932, 2933, 9000, 65_516, 65_535])
    func `without DF the inner packet is cut, so that the peer has nothing to put together`(length: Int) throws {
        let packet = packet(length, 0x0000)
        let outcome = encapsulate(packet, by: try tunnel(.set))
        #expect(outcome.drop == nil && outcome.answer == nil)
        let packets = try outcome.outerPackets()
        // 1480 less 20 is 1460, of which 1456 are units of 8.
        #expect(packets.count == (length - 20 + 1455) / 1456)
        var offset = 0
        for (index, packet) in packets.enumerated() {
            #expect(packet.count <= 1500 && Array(packet[4..<8]) == hex("00 00 40 00"))
            let inner = Array(packet.dropFirst(20))
            let more: UInt16 = index < packets.count - 1 ? 0x2000 : 0
            #expect(Array(inner[6..<8]) == (more | UInt16(offset / 8)).octets)
            #expect(naiveSum(inner.prefix(20)) == 0xffff)
            offset += inner.count - 20
        }
        #expect(try outcome.innerPackets().flatMap { $0.dropFirst(20) } == Array(packet.dropFirst(20)))
    }

    @Test(
        arguments: [(Policy.copy, 0x0000), (.clear, 0x0000), (.clear, 0x4000)] as [(Policy, UInt16)], [1481, 65_515])
    func `where the outer header has no DF, the outer packet is cut`(
        policy: (name: Policy, flags: UInt16), length: Int
    ) throws {
        let packet = packet(length, policy.flags)
        let outcome = encapsulate(packet, by: try tunnel(policy.name))
        #expect(outcome.drop == nil && outcome.answer == nil)
        #expect(outcome.cut == .outerFragments(limit: 1500))
        let packets = try outcome.outerPackets(identification: 0xbeef)
        #expect(packets.count == (length + 1479) / 1480)
        for (index, packet) in packets.enumerated() {
            #expect(packet.count <= 1500)
            let more: UInt16 = index < packets.count - 1 ? 0x2000 : 0
            #expect(Array(packet[4..<8]) == hex("be ef") + (more | UInt16(index * 185)).octets)
        }
        #expect(packets.flatMap { $0.dropFirst(20) } == packet)
    }

    @Test(arguments: [(Policy.copy, 0x0000), (.clear, 0x4000)] as [(Policy, UInt16)])
    func `no outer fragments express more than 65,515 octets`(policy: Policy, flags: UInt16) throws {
        #expect(encapsulate(packet(65_515, flags), by: try tunnel(policy)).drop == nil)
        let outcome = encapsulate(packet(65_516, flags), by: try tunnel(policy))
        #expect(outcome.drop == .tooLong)
        #expect(outcome.peer == Example.first)
    }

    @Test func `where the way takes everything, what no header can express is too long for its sender`() throws {
        let tunnel = try TestTunnel()
        #expect(encapsulate(packet(65_515, 0x4000), by: tunnel).cut == .whole)
        #expect(encapsulate(packet(65_516, 0x4000), by: tunnel).answer == .fragmentationNeeded(mtu: 65_515))
        #expect(try encapsulate(packet(65_516, 0), by: tunnel).innerPackets().count == 2)
    }

    @Test func `what was learned about the way counts, for as long as it is believed, and for that peer`() throws {
        let tunnel = try tunnel(.set)
        tunnel.paths.view.learn(1000, to: Example.first, at: Example.now)
        let packet = packet(1000, 0x4000)
        #expect(encapsulate(packet, by: tunnel).answer == .fragmentationNeeded(mtu: 980))
        let other = TestPacket.outbound.sized(1000).with { ($0.fragment, $0.destination) = (0x4000, Example.seconds) }
        #expect(encapsulate(other.bytes(), by: tunnel).drop == nil)
        #expect(encapsulate(packet, by: tunnel, at: Example.now + 600_000).drop == nil)
    }

    @Test func `a checksum is finished before the packet is cut`() throws {
        let packet = TestPacket.datagrams(length: 3000, fragment: 0)
        for policy in [Policy.set, .copy] {
            let outcome = encapsulate(packet.bytes(), by: try tunnel(policy), checksum: packet.partial)
            #expect(outcome.drop == nil && outcome.cut != .whole)
            #expect(outcome.checksum == .valid)
            #expect(hasRightTransportChecksum(outcome.bytes))
        }
    }

    private func tunnel(_ policy: Policy) throws -> TestTunnel {
        try TestTunnel(policy: OuterPolicy(fragmentation: policy), mtu: 65_535, pathMTU: 1500)
    }

    private func packet(_ length: Int, _ flags: UInt16) -> [UInt8] {
        TestPacket.outbound.sized(length).with { $0.fragment = flags }.bytes()
    }
}

/// Errors about earlier packets to the peer, which were too short to say whom they concern.
@Suite struct EncapsulationTroubleTests {
    @Test func `each error is told to one sender, whose packet is sent all the same`() throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        for _ in 0..<2 { tunnel.paths.view.noteTrouble(to: Example.first, at: Example.now) }
        let outcomes = (0..<4).map { _ in encapsulate(TestPacket.outbound.bytes(), by: tunnel) }
        #expect(outcomes.map(\.answer) == [.hostUnreachable, .hostUnreachable, nil, nil])
        for outcome in outcomes { #expect(outcome.drop == nil && outcome.outer == outcomes[3].outer) }
    }

    @Test func `a sender to another peer hears nothing, nor does anybody after 30 s`() throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        tunnel.paths.view.noteTrouble(to: Example.first, at: Example.now)
        let other = TestPacket.outbound.with { $0.destination = Example.seconds }.bytes()
        #expect(encapsulate(other, by: tunnel).answer == nil)
        #expect(encapsulate(TestPacket.outbound.bytes(), by: tunnel, at: Example.now + 30_000).answer == nil)
    }

    @Test func `a packet that is dropped is told why, and trouble waits for the next`() throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        tunnel.paths.view.noteTrouble(to: Example.first, at: Example.now)
        let tooLong = TestPacket.outbound.sized(1481).with { $0.fragment = 0x4000 }.bytes()
        #expect(encapsulate(tooLong, by: tunnel).answer == .fragmentationNeeded(mtu: 1480))
        #expect(encapsulate(TestPacket.outbound.bytes(), by: tunnel).answer == .hostUnreachable)
    }
}
