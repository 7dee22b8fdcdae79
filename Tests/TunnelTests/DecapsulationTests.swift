// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct DecapsulationTests {
    private let rules: Decapsulation
    private let inner = TestPacket.inbound.bytes()

    init() throws { rules = Decapsulation(table: try Example.table(), mtu: 1480) }

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

    @Test func `the outer DSCP does not matter, nor does the outer TTL`() {
        let packet = TestPacket.inbound.with { $0.trafficClass = 0xb8 }
        let outer = TestPacket.outer(around: packet.bytes(), trafficClass: 0x28).with { $0.ttl = 0 }
        #expect(decapsulate(outer.bytes(), by: rules).bytes == packet.bytes())
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
        let outcome = decapsulate(
            TestPacket.outer(around: payload).bytes(), by: Decapsulation(table: try Example.table(), mtu: 1480))
        #expect(outcome.drop == drop)
        // The peer is to blame, so it is counted there.
        #expect(outcome.peer == Example.first)
    }
}

/// RFC 6040 §4.2 on real packets.
@Suite struct DecapsulationECNTests {
    @Test(arguments: ECN.allCases, ECN.allCases)
    func `all 16 combinations leave the right codepoint and the right checksum`(inner: ECN, outer: ECN) throws {
        let rules = Decapsulation(table: try Example.table(), mtu: 1480)
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
}
