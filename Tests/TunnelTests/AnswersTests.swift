// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// What the senders of inner packets are told, and when nobody is told anything (V4).
@Suite struct AnswersTests {
    /// Each error, its code, its checksum for the packet below, and its MTU field.
    static let errors: [(error: ICMPv4Error, middle: [UInt8])] = [
        (.networkUnreachable, hex("00 f0 ef 0000 0000")), (.hostUnreachable, hex("01 f0 ee 0000 0000")),
        (.fragmentationNeeded(mtu: 1480), hex("04 eb 23 0000 05c8")), (.prohibited, hex("0d f0 e2 0000 0000")),
    ]

    @Test(arguments: errors) func `the answer is this, octet for octet`(error: ICMPv4Error, middle: [UInt8]) {
        let header = hex(
            """
            45 c0        # version 4, IHL 5; network control
            00 38        # total length 20 + 8 + 28
            00 00 00 00  # no identification, DF clear
            40 01        # TTL 64, ICMP
            66 01        # header checksum
            0a 02 00 01  # from whom the packet was for, 10.2.0.1
            0a 01 00 01  # to who sent it, 10.1.0.1
            03           # destination unreachable
            """)
        let told = answer(error, about: TestPacket.outbound.bytes())
        #expect(told.outcome == .written)
        #expect(told.bytes == header + middle + TestPacket.outbound.bytes())
    }

    @Test(arguments: [(28, 56), (547, 575), (548, 576), (549, 576), (1500, 576)])
    func `as much is quoted as fits into 576 octets`(length: Int, total: Int) {
        let packet = TestPacket.outbound.sized(length).bytes()
        let told = answer(.hostUnreachable, about: packet)
        #expect(told.bytes.count == total)
        #expect(Array(told.bytes[2..<4]) == UInt16(total).octets)
        #expect(Array(told.bytes.dropFirst(28)) == Array(packet.prefix(548)))
        #expect(naiveSum(told.bytes.prefix(20)) == 0xffff && naiveSum(told.bytes.dropFirst(20)) == 0xffff)
    }

    @Test func `a packet of which only the beginning is known is answered too`() {
        let packet = Array(TestPacket.outbound.sized(1500).bytes().prefix(28))
        let told = answer(.prohibited, about: packet)
        #expect(told.outcome == .written)
        #expect(Array(told.bytes.dropFirst(28)) == packet)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `of ICMP only what is no error is answered`(type: UInt8) {
        let packet = TestPacket.outbound.with { ($0.carried, $0.payload[0]) = (.icmp, type) }.bytes()
        let isAsking = [0, 8, 9, 10, 13, 14, 15, 16, 17, 18].contains(type)
        #expect(answer(.hostUnreachable, about: packet).outcome == (isAsking ? .written : .improper))
    }

    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    ]) func `nothing is said to, or about, anybody who is not one host`(text: String) throws {
        let address = try #require(IPv4Address(text))
        for packet in [
            TestPacket.outbound.with { $0.source = address }, TestPacket.outbound.with { $0.destination = address },
        ] { #expect(answer(.hostUnreachable, about: packet.bytes()).outcome == .improper) }
    }

    @Test(
        arguments: [
            (0x0000, true), (0x2000, true), (0x4000, true), (0x0001, false), (0x2001, false), (0x1fff, false),
        ] as [(UInt16, Bool)]) func `of fragments only the first is answered`(fragment: UInt16, isFirst: Bool)
    {
        let packet = TestPacket.outbound.with { $0.fragment = fragment }.bytes()
        #expect(answer(.hostUnreachable, about: packet).outcome == (isFirst ? .written : .improper))
    }

    @Test func `what is no packet, or ICMP without a type, is not answered`() {
        let packet = TestPacket.outbound.bytes()
        let empty = TestPacket.outbound.with { ($0.carried, $0.payload) = (.icmp, []) }.bytes()
        let improper: [[UInt8]] = [
            [], [0x45], Array(packet.prefix(19)), [0x60] + packet.dropFirst(), [0x44] + packet.dropFirst(), empty,
        ]
        for bytes in improper { #expect(answer(.hostUnreachable, about: bytes).outcome == .improper) }
    }

    @Test func `a sender hears of one unreachable packet each second, and what is improper costs nothing`() {
        var responder = Responder()
        let packet = TestPacket.outbound.bytes()
        let fragment = TestPacket.outbound.with { $0.fragment = 1 }.bytes()
        let outcomes = [(fragment, 0), (packet, 0), (packet, 999), (fragment, 999), (packet, 1000)].map {
            packet, later in
            responder.answer(.hostUnreachable, about: packet, at: Example.now + UInt64(later)).outcome
        }
        #expect(outcomes == [.improper, .written, .suppressed, .improper, .written])
    }

    @Test func `what is not written leaves the slot alone`() {
        var responder = Responder()
        let written = responder.answer(.hostUnreachable, about: TestPacket.outbound.bytes())
        let suppressed = responder.answer(.prohibited, about: TestPacket.outbound.bytes())
        #expect(suppressed.outcome == .suppressed)
        #expect(suppressed.bytes == written.bytes)
    }
}

/// Answers, and a slot that they are written into.
private struct Responder: ~Copyable {
    private var answers = Answers()
    private var batch = PacketBatch(capacity: 1)

    mutating func answer(
        _ error: ICMPv4Error, about packet: [UInt8], at now: UInt64 = Example.now
    ) -> (outcome: Answers.Outcome, bytes: [UInt8]) {
        let outcome = answers.write(error, about: packet.octets, into: &batch[0], at: now)
        return (outcome, octets(batch[0].bytes))
    }
}

/// The first answer of a new tunnel.
private func answer(_ error: ICMPv4Error, about packet: [UInt8]) -> (outcome: Answers.Outcome, bytes: [UInt8]) {
    var responder = Responder()
    return responder.answer(error, about: packet)
}
