// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Many packets under one header, as the kernel hands them over: judged by the packets that they stand for.
@Suite struct EncapsulationSuperpacketTests {
    typealias Policy = OuterPolicy.FragmentationPolicy

    @Test(arguments: Policy.allCases, [0x0000, 0x4000] as [UInt16])
    func `segments that fit are left as they are, however long the whole is`(policy: Policy, flags: UInt16) throws {
        let packet = TestPacket.stream(length: 65_535, fragment: flags)
        let outcome = encapsulate(packet.bytes(), by: try tunnel(policy), checksum: packet.partial, segmentSize: 1440)
        #expect(outcome.drop == nil && outcome.answer == nil)
        try check(outcome, against: packet, segmentSize: 1440)
        #expect(try outcome.outerPackets().map(\.count).max() == 1500)
    }

    @Test(arguments: [Policy.set, .copy]) func `segments that are too long and may not be cut are answered`(
        policy: Policy
    ) throws {
        let packet = TestPacket.stream(length: 30_000)
        let outcome = encapsulate(packet.bytes(), by: try tunnel(policy), checksum: packet.partial, segmentSize: 1441)
        #expect(outcome.drop == .fragmentationNeeded)
        #expect(outcome.answer == .fragmentationNeeded(mtu: 1480))
        #expect(outcome.bytes == packet.bytes())
    }

    @Test(arguments: [(Policy.set, 0x0000), (.copy, 0x0000), (.clear, 0x0000), (.clear, 0x4000)] as [(Policy, UInt16)])
    func `segments that are too long and may be cut are made smaller`(policy: Policy, flags: UInt16) throws {
        let packet = TestPacket.stream(length: 30_000, fragment: flags)
        let outcome = encapsulate(packet.bytes(), by: try tunnel(policy), checksum: packet.partial, segmentSize: 1460)
        #expect(outcome.drop == nil && outcome.answer == nil)
        try check(outcome, against: packet, segmentSize: 1440)
    }

    @Test func `a last segment that is the only one is judged by its own length`() throws {
        let packet = TestPacket.stream(length: 1480)
        let outcome = encapsulate(packet.bytes(), by: try tunnel(.set), checksum: packet.partial, segmentSize: 9000)
        #expect(outcome.drop == nil)
        try check(outcome, against: packet, segmentSize: 1440)
    }

    @Test func `datagrams are cut where their sender said`() throws {
        let packet = TestPacket.datagrams(length: 28 + 2500)
        let outcome = encapsulate(packet.bytes(), by: try tunnel(.set), checksum: packet.partial, segmentSize: 1000)
        let datagrams = try outcome.innerPackets()
        #expect(datagrams.map(\.count) == [1028, 1028, 528])
        #expect(datagrams.map { Array($0[24..<26]) } == [1008, 1008, 508].map { UInt16($0).octets })
        for datagram in datagrams { #expect(hasRightTransportChecksum(datagram)) }
        #expect(datagrams.flatMap { $0.dropFirst(28) } == Array(packet.payload.dropFirst(8)))
    }

    @Test(arguments: Policy.allCases, [0x0000, 0x4000] as [UInt16])
    func `datagrams are never made smaller: they are cut one by one, or their sender is told`(
        policy: Policy, flags: UInt16
    ) throws {
        let packet = TestPacket.datagrams(length: 6000, fragment: flags)
        let outcome = encapsulate(packet.bytes(), by: try tunnel(policy), checksum: packet.partial, segmentSize: 1453)
        let mayCut = flags == 0 || policy == .clear
        #expect(outcome.drop == (mayCut ? nil : .fragmentationNeeded))
        #expect(outcome.fate == (mayCut ? .apart : .pending))
        #expect(outcome.answer == (mayCut ? nil : .fragmentationNeeded(mtu: 1480)))
        let fitting = encapsulate(packet.bytes(), by: try tunnel(policy), checksum: packet.partial, segmentSize: 1452)
        #expect(fitting.drop == nil)
        #expect(fitting.fate == .pending)
    }

    @Test(arguments: [ChecksumState.unknown, .valid])
    func `a superpacket that somebody summed is not cut: a wrong checksum would be repaired`(
        state: ChecksumState
    ) throws {
        let packet = TestPacket.stream(length: 30_000).summed().bytes()
        let outcome = encapsulate(packet, by: try tunnel(.set), checksum: state, segmentSize: 1440)
        #expect(outcome.drop == .offload)
        #expect(outcome.peer == Example.first)
    }

    @Test func `what is neither TCP nor UDP, or a fragment, is no superpacket`() throws {
        let packet = TestPacket.stream(length: 3000)
        for change in [
            { $0.carried = .icmp }, { $0.fragment = 0x2000 }, { $0.fragment = 0x0001 }, { $0.payload[12] = 0x40 },
            { $0.payload.removeLast($0.payload.count - 19) },
        ] as [(inout TestPacket) -> Void] {
            let changed = packet.with(change).bytes()
            let outcome = encapsulate(changed, by: try tunnel(.set), checksum: packet.partial, segmentSize: 1440)
            #expect(outcome.drop == .offload)
        }
    }

    /// Every segment is a packet of its own, and together they are the superpacket.
    private func check(_ outcome: Outcome, against packet: TestPacket, segmentSize: Int) throws {
        let segments = try outcome.innerPackets()
        let payload = Array(packet.payload.dropFirst(20))
        #expect(segments.count == (payload.count + segmentSize - 1) / segmentSize)
        for (index, segment) in segments.enumerated() {
            #expect(segment.count <= segmentSize + 40)
            #expect(Array(segment[2..<4]) == UInt16(segment.count).octets)
            #expect(naiveSum(segment.prefix(20)) == 0xffff)
            #expect(hasRightTransportChecksum(segment))
            let sequence = 1000 + index * segmentSize
            #expect(Array(segment[24..<28]) == IPv4Address(rawValue: UInt32(sequence)).octets)
            // PSH on the last alone.
            #expect(segment[33] == (index == segments.count - 1 ? 0x18 : 0x10))
        }
        #expect(segments.flatMap { $0.dropFirst(40) } == payload)
    }

    private func tunnel(_ policy: Policy) throws -> TestTunnel {
        try TestTunnel(policy: OuterPolicy(fragmentation: policy), pathMTU: 1500)
    }
}
