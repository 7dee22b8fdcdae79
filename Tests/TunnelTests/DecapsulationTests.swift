// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct DecapsulationTests {
    private let rules: TestTunnel
    private let inner = TestPacket.inbound.bytes()

    init() throws { rules = try TestTunnel() }

    @Test func `the inner packet is all that is left, unchanged`() {
        let outcome = decapsulate(TestPacket.inbound.wrapped(), by: rules)
        #expect(outcome.drop == nil)
        #expect(outcome.bytes == inner)
        #expect(outcome.start == 20)
        #expect(outcome.peer == Example.first)
        #expect(outcome.fate == .pending)
        #expect(outcome.outer == nil)
    }

    @Test(arguments: 5...15) func `outer options are skipped by the header length`(words: Int) {
        let options = [UInt8](repeating: 1, count: words * 4 - 20)
        let outcome = decapsulate(TestPacket.outer(around: inner).with { $0.options = options }.bytes(), by: rules)
        #expect(outcome.drop == nil)
        #expect(outcome.bytes == inner)
        #expect(outcome.start == words * 4)
    }

    @Test func `inner options are carried along`() {
        let packet = TestPacket.inbound.with { $0.options = hex("07 27 04 00") }
        #expect(decapsulate(packet.wrapped(), by: rules).bytes == packet.bytes())
    }

    @Test func `the outer total length bounds the inner packet, not the buffer`() {
        let short = TestPacket.outer(around: Array(inner.dropLast())).bytes()
        #expect(decapsulate(short + [inner.last ?? 0], by: rules).drop == .totalLength)
        #expect(decapsulate(TestPacket.inbound.wrapped() + [1, 2, 3], by: rules).bytes == inner)
    }

    @Test func `padding after the inner packet is trimmed`() {
        #expect(decapsulate(TestPacket.outer(around: inner + [1, 2, 3]).bytes(), by: rules).bytes == inner)
    }

    @Test(arguments: 1...255 as ClosedRange<UInt8>) func `the inner TTL stays as it is`(ttl: UInt8) {
        let packet = TestPacket.inbound.with { $0.ttl = ttl }
        #expect(decapsulate(packet.wrapped(), by: rules).bytes == packet.bytes())
    }

    @Test(arguments: 0...63 as ClosedRange<UInt8>) func `the inner DSCP stays as it is under any outer one`(
        outer: UInt8
    ) {
        for inner in 0...63 as ClosedRange<UInt8> {
            let packet = TestPacket.inbound.with { $0.trafficClass = inner << 2 }
            #expect(decapsulate(packet.wrapped(trafficClass: outer << 2), by: rules).bytes == packet.bytes())
        }
    }

    @Test(arguments: [nil, 0, 1, 2, 254, 255] as [UInt8?]) func `the outer TTL must be the minimum, if there is one`(
        minimum: UInt8?
    ) {
        rules.decapsulation.minimumTTL = minimum
        for ttl in 0...255 as ClosedRange<UInt8> {
            let outcome = decapsulate(TestPacket.outer(around: inner).with { $0.ttl = ttl }.bytes(), by: rules)
            #expect(outcome.drop == (ttl < minimum ?? 0 ? .outerTTL : nil))
            #expect(outcome.peer == Example.first)
        }
    }

    @Test func `a tunnel that only encapsulates takes nothing, from peers or from strangers`() {
        rules.decapsulation.only = .encapsulate
        let outcome = decapsulate(TestPacket.inbound.wrapped(), by: rules)
        #expect(outcome.drop == .oneWay)
        #expect(outcome.peer == Example.first)
        #expect(decapsulate(TestPacket.inbound.wrapped(from: IPv4Address(8, 8, 8, 8)), by: rules).drop == .notPeer)
        rules.decapsulation.only = .decapsulate
        #expect(decapsulate(TestPacket.inbound.wrapped(), by: rules).drop == nil)
    }

    @Test func `new rules count from the next packet on`() throws {
        rules.decapsulation.rules = RuleSet(table: try PeerTable([]))
        #expect(decapsulate(TestPacket.inbound.wrapped(), by: rules).drop == .notPeer)
    }

    @Test func `fragments of inner packets pass`() {
        for field in [0x2000, 0x0001, 0x3fff] as [UInt16] {
            let packet = TestPacket.inbound.with { $0.fragment = field }
            #expect(decapsulate(packet.wrapped(), by: rules).bytes == packet.bytes())
        }
    }

    @Test func `fragments of outer packets do not`() {
        for field in [0x2000, 0x0001, 0x1fff] as [UInt16] {
            let packet = TestPacket.outer(around: inner).with { $0.fragment = field }
            #expect(decapsulate(packet.bytes(), by: rules).drop == .outerFragment)
        }
    }

    @Test func `a stranger's fragment is a stranger's first of all`() {
        let packet = TestPacket.outer(around: inner, from: IPv4Address(203, 0, 113, 9)).with { $0.fragment = 0x2000 }
        #expect(decapsulate(packet.bytes(), by: rules).drop == .notPeer)
    }
}

/// V8: what a broken or hostile peer may put into an outer packet.
@Suite struct DecapsulationMalformedTests {
    private static let inner = TestPacket.inbound.bytes()

    /// The payload of an outer packet, and what it is called.
    static let malformed: [([UInt8], Drop)] = [
        ([], .truncated), ([0x45], .truncated), (Array(inner.prefix(19)), .truncated),
        (Array(inner.prefix(20)), .totalLength), ([0x4f] + inner.dropFirst(), .truncated),
        ([0x40] + inner.dropFirst(), .headerLength), ([0x44] + inner.dropFirst(), .headerLength),
        ([0x45, 0, 0, 0] + inner.dropFirst(4), .totalLength), ([0x45, 0, 0, 19] + inner.dropFirst(4), .totalLength),
        ([0x45, 0, 0, 29] + inner.dropFirst(4), .totalLength),
        ([0x45, 0, 255, 255] + inner.dropFirst(4), .totalLength),
        ([0x00], .notIP), ([0x55] + inner.dropFirst(), .notIP), ([0xff], .notIP),
        ([0x60], .innerIPv6), ([0x60] + [UInt8](repeating: 0, count: 39), .innerIPv6),
        (TestPacket.inbound.bytes(checksumError: 0x8000), .innerChecksum),
        (TestPacket.inbound.with { $0.ttl = 0 }.bytes(), .ttlZero),
    ]

    @Test(arguments: malformed) func `every malformation is dropped by name`(payload: [UInt8], drop: Drop) throws {
        let outcome = decapsulate(TestPacket.outer(around: payload).bytes(), by: try TestTunnel())
        #expect(outcome.drop == drop)
        // The peer is to blame, so it is counted there.
        #expect(outcome.peer == Example.first)
    }
}

/// RFC 6040 §4.2 on real packets.
@Suite struct DecapsulationECNTests {
    @Test(arguments: ECN.allCases, ECN.allCases)
    func `all 16 combinations leave the right codepoint and the right checksum`(inner: ECN, outer: ECN) throws {
        let rules = try TestTunnel()
        for dscp in stride(from: 0 as UInt8, through: 0xfc, by: 4) {
            let packet = TestPacket.inbound.with { $0.trafficClass = dscp | inner.rawValue }
            let outcome = decapsulate(packet.wrapped(trafficClass: 0x28 | outer.rawValue), by: rules)
            guard let combined = inner.decapsulated(under: outer) else {
                #expect(outcome.drop == .congestionUnsignalled)
                continue
            }
            #expect(outcome.drop == nil)
            #expect(outcome.bytes == packet.with { $0.trafficClass = dscp | combined.rawValue }.bytes())
        }
    }

    /// The table of RFC 6040 §4.2: a row for each inner codepoint, Not-ECT, ECT(0), ECT(1), CE; columns likewise.
    static let rows: [(inner: UInt8, results: [UInt8?], remarks: [PacketSlot.Remark?])] = [
        (0b00, [0b00, 0b00, 0b00, nil], [nil, .dangerousECN, .dangerousECN, .dangerousECN]),
        (0b10, [0b10, 0b10, 0b01, 0b11], [nil, nil, nil, nil]),
        (0b01, [0b01, 0b01, 0b01, 0b11], [nil, .unexpectedECN, nil, nil]),
        (0b11, [0b11, 0b11, 0b11, 0b11], [nil, nil, .dangerousECN, nil]),
    ]

    @Test(arguments: rows) func `results are those of the table, and what is odd is remarked`(
        inner: UInt8, results: [UInt8?], remarks: [PacketSlot.Remark?]
    ) throws {
        for (column, outer) in ([0b00, 0b10, 0b01, 0b11] as [UInt8]).enumerated() {
            let packet = TestPacket.inbound.with { $0.trafficClass = inner }
            let outcome = decapsulate(packet.wrapped(trafficClass: outer), by: try TestTunnel())
            guard let result = results[column] else {
                // Its name says all that there is to remark.
                #expect(outcome.drop == .congestionUnsignalled)
                continue
            }
            #expect(outcome.drop == nil)
            #expect(outcome.bytes == packet.with { $0.trafficClass = result }.bytes())
            #expect(outcome.remark == remarks[column])
        }
    }
}
