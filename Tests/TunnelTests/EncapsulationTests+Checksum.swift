// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// A packet must not leave with the checksum that the kernel left for hardware to finish.
@Suite struct EncapsulationChecksumTests {
    private let rules: TestTunnel

    init() throws { rules = try TestTunnel() }

    /// Where the checksum field stands in the transport header.
    static let fields: [(carried: IPProtocol, field: Int)] = [(.tcp, 16), (.udp, 6)]

    @Test(arguments: fields, [0, 4, 40])
    func `a partial checksum is completed, for every length and after options`(
        transport: (carried: IPProtocol, field: Int), options: Int
    ) throws {
        var random = SplitMix64()
        for length in 0..<100 {
            let packet = partial(transport.carried, random.bytes(20 + length), field: transport.field, options: options)
            let state = ChecksumState.partial(start: UInt16(20 + options), offset: UInt16(transport.field))
            let outcome = encapsulate(packet.bytes(), by: rules, checksum: state)
            try #require(outcome.drop == nil, random.note)
            try #require(outcome.checksum == .valid, random.note)
            let segment = Array(outcome.bytes.dropFirst(20 + options))
            try #require(naiveSum(packet.pseudoHeader + segment) == 0xffff, random.note)
            // Nothing else has changed.
            let field = 20 + options + transport.field..<20 + options + transport.field + 2
            var expected = packet.bytes()
            expected.replaceSubrange(field, with: outcome.bytes[field])
            try #require(outcome.bytes == expected, random.note)
        }
    }

    @Test(arguments: 0..<20) func `a checksum that starts in the header, which was checked already, is refused`(
        start: Int
    ) {
        let packet = partial(.udp, [UInt8](repeating: 1, count: 24), field: 6).bytes()
        let state = ChecksumState.partial(start: UInt16(start), offset: 0)
        let outcome = encapsulate(packet, by: rules, checksum: state)
        #expect(outcome.drop == .offload)
        #expect(outcome.bytes == packet)
    }

    @Test func `a UDP checksum of 0 becomes ffff, since 0 means none`() {
        var segment = [UInt8](repeating: 0, count: 12)
        var packet = partial(.udp, segment, field: 6)
        // The last word makes the whole sum to ffff, and so the checksum 0.
        segment.replaceSubrange(10..<12, with: (~naiveSum(packet.pseudoHeader)).octets)
        packet = partial(.udp, segment, field: 6)
        let outcome = encapsulate(packet.bytes(), by: rules, checksum: .partial(start: 20, offset: 6))
        #expect(Array(outcome.bytes[26..<28]) == [0xff, 0xff])
    }

    @Test(arguments: [(27, 0), (28, 0), (20, 7), (0, 27), (26, 1), (65_535, 0), (0, 65_535), (65_535, 65_535)])
    func `a checksum outside of the packet is offload, and changes nothing`(start: UInt16, offset: UInt16) {
        let packet = TestPacket.outbound.bytes()
        let outcome = encapsulate(packet, by: rules, checksum: .partial(start: start, offset: offset))
        #expect(outcome.drop == .offload)
        #expect(outcome.bytes == packet)
    }

    @Test func `a checksum in the very last octets is inside`() {
        let outcome = encapsulate(TestPacket.outbound.bytes(), by: rules, checksum: .partial(start: 26, offset: 0))
        #expect(outcome.drop == nil)
    }

    @Test(arguments: [ChecksumState.unknown, .valid])
    func `a packet with nothing left to do stays as it is, right or wrong`(state: ChecksumState) {
        let packet = TestPacket.outbound.with { $0.payload = hex("00 01 02 03 04 05 06 07") }.bytes()
        let outcome = encapsulate(packet, by: rules, checksum: state)
        #expect(outcome.bytes == packet)
        #expect(outcome.checksum == state)
    }

    @Test func `padding is no part of the sum`() {
        let packet = partial(.udp, hex("00 35 00 35 00 0a 00 00 be ef"), field: 6)
        let padded = packet.bytes() + hex("12 34")
        let outcome = encapsulate(padded, by: rules, checksum: .partial(start: 20, offset: 6))
        #expect(outcome.bytes.count == 30)
        #expect(naiveSum(packet.pseudoHeader + outcome.bytes.dropFirst(20)) == 0xffff)
    }

    @Test func `a checksum field in the padding is outside of the packet`() {
        let padded = TestPacket.outbound.bytes() + [UInt8](repeating: 0, count: 10)
        #expect(encapsulate(padded, by: rules, checksum: .partial(start: 28, offset: 6)).drop == .offload)
    }

    /// A packet whose transport checksum field holds the sum of the pseudo-header, as Linux leaves it.
    private func partial(_ carried: IPProtocol, _ segment: [UInt8], field: Int, options: Int = 0) -> TestPacket {
        var packet = TestPacket.outbound.with {
            ($0.carried, $0.payload) = (carried, segment)
            $0.options = [UInt8](repeating: 1, count: options)
        }
        packet.payload.replaceSubrange(field..<field + 2, with: naiveSum(packet.pseudoHeader).octets)
        return packet
    }
}
