// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct FragmentationTests {
    private let packet = hex(
        """
        45 b8 00 28  be ef 00 00  3f 11 cf e6  c0 00 02 01  c6 33 64 02  # length 40, no DF
        00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  10 11 12 13
        """)

    @Test func `a packet becomes fragments of multiples of 8 octets, all but the last with MF`() throws {
        let fragmentation = try #require(Fragmentation(packet, limit: 39))
        #expect(fragmentation.count == 2)
        #expect(fragmentation.headLength == 20)
        let expected = [
            hex(
                """
                45 b8 00 24  be ef 20 00  3f 11 af ea  c0 00 02 01  c6 33 64 02  # length 36, MF, offset 0
                00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f
                """),
            hex(
                """
                45 b8 00 18  be ef 00 02  3f 11 cf f4  c0 00 02 01  c6 33 64 02  # length 24, offset 16
                10 11 12 13
                """),
        ]
        #expect(fragmentation.fragments(of: packet) == expected)
        #expect(reassemble(expected) == packet)
        #expect(reassemble(expected.reversed()) == packet)
    }

    @Test func `the receiver that the tests compare with is not easily pleased`() throws {
        let fragments = try #require(Fragmentation(packet, limit: 28)).fragments(of: packet)
        #expect(fragments.count == 3)
        #expect(reassemble(fragments) == packet)
        for index in fragments.indices {
            var missing = fragments
            missing.remove(at: index)
            #expect(reassemble(missing) == nil, "without \(index)")
            #expect(reassemble(fragments + [fragments[index]]) == nil, "\(index) twice")
        }
    }

    @Test(arguments: 20...100) func `every fragment is as long as the limit allows, and never longer`(
        limit: Int
    ) throws {
        let packet = BuiltPacket(payload: Array(0...79)).bytes
        guard limit >= 28 else {
            #expect(Fragmentation(packet, limit: limit) == nil)
            return
        }
        let fragments = try #require(Fragmentation(packet, limit: limit)).fragments(of: packet)
        let full = [Int](repeating: 20 + (limit - 20) / 8 * 8, count: fragments.count - 1)
        #expect(fragments.dropLast().map(\.count) == full)
        #expect(fragments.hasOnly { $0.count <= limit })
        #expect(fragments.count == (80 + (limit - 20) / 8 * 8 - 1) / ((limit - 20) / 8 * 8))
        #expect(reassemble(fragments) == packet)
    }

    @Test func `DF forbids it, the reserved bit does not`() {
        #expect(Fragmentation(packet.replacing(at: 6, with: hex("40 00")), limit: 39) == nil)
        #expect(Fragmentation(packet.replacing(at: 6, with: hex("60 00")), limit: 39) == nil)
        #expect(Fragmentation(packet.replacing(at: 6, with: hex("40 01")), limit: 39) == nil)
        #expect(Fragmentation(packet.replacing(at: 6, with: hex("80 00")), limit: 39) != nil)
    }

    @Test(arguments: [Int.min, -1, 0, 20, 27]) func `a limit without room for the header and 8 octets is refused`(
        limit: Int
    ) {
        #expect(Fragmentation(packet, limit: limit) == nil)
        let options = BuiltPacket(options: [UInt8](repeating: 1, count: 40), payload: Array(0...19)).bytes
        #expect(Fragmentation(options, limit: 67) == nil)
        #expect(Fragmentation(options, limit: 68)?.count == 3)
    }

    @Test(arguments: [44, 65_535, 65_536, Int.max]) func `a packet that fits is one fragment, which is itself`(
        limit: Int
    ) throws {
        let fragmentation = try #require(Fragmentation(packet, limit: limit))
        #expect(fragmentation.fragments(of: packet) == [packet])
    }

    @Test func `a packet without payload is one fragment`() throws {
        let empty = BuiltPacket().bytes
        #expect(try #require(Fragmentation(empty, limit: 28)).fragments(of: empty) == [empty])
    }

    @Test func `what is no packet has no fragments`() {
        for count in packet.indices { #expect(Fragmentation(Array(packet.prefix(count)), limit: 28) == nil) }
        #expect(Fragmentation(packet.replacing(at: 0, with: [0x65]), limit: 28) == nil)
    }

    @Test func `padding after the packet belongs to no fragment`() throws {
        let padded = packet + hex("ff ff ff ff ff ff ff ff ff")
        #expect(try reassemble(#require(Fragmentation(padded, limit: 28)).fragments(of: padded)) == packet)
    }

    @Test func `the longest packet goes into fragments that go up to the last offset`() throws {
        var random = SplitMix64()
        let packet = BuiltPacket(identification: 0xffff, payload: random.bytes(65_515)).bytes
        let fragments = try #require(Fragmentation(packet, limit: 28)).fragments(of: packet)
        #expect(fragments.count == 8_190)
        #expect(fragments.last?.word(at: 6) == 8_189)
        #expect(reassemble(fragments) == packet, random.note)
    }

    @Test func `room for less than the header traps`() async {
        await #expect(processExitsWith: .failure) {
            let packet = BuiltPacket(payload: Array(0...19)).bytes
            guard let fragmentation = Fragmentation(packet, limit: 28) else { return }
            var head = [UInt8](repeating: 0, count: 39)
            changing(&head) { fragmentation.write(0, of: packet.octets, to: &$0, at: 20) }
        }
    }
}

/// Packets that are fragments already.
@Suite struct RefragmentationTests {
    @Test func `fragments of a fragment keep where it belongs, and MF if it had it`() throws {
        for field in [0x2000, 0x2005, 0x0005] as [UInt16] {
            let part = BuiltPacket(identification: 7, fragment: field, payload: Array(0...23)).bytes
            let fragments = try #require(Fragmentation(part, limit: 28)).fragments(of: part)
            let base = field & 0x1fff
            #expect(
                fragments.map { $0.word(at: 6) } == [0x2000 | base, 0x2000 | base + 1, field & 0x2000 | base + 2])
            #expect(fragments.hasOnly { $0.headerSum == 0xffff && $0.word(at: 4) == 7 })
            #expect(fragments.flatMap(\.payload) == Array(0...23))
        }
    }

    @Test func `a packet that is cut twice is put together in one go`() throws {
        var random = SplitMix64()
        let packet = BuiltPacket(identification: 7, payload: random.bytes(3_001)).bytes
        let once = try #require(Fragmentation(packet, limit: 1_500)).fragments(of: packet)
        let twice = try once.flatMap { part in try #require(Fragmentation(part, limit: 576)).fragments(of: part) }
        #expect(twice.hasOnly { $0.count <= 576 })
        #expect(reassemble(twice.shuffled(using: &random)) == packet, random.note)
    }

    /// Such a "ping of death" fits into no packet; its end would wrap round to the place of the first fragment.
    @Test func `a fragment that reaches beyond the longest packet is refused`() {
        let last = BuiltPacket(fragment: 8_187, payload: Array(0...18)).bytes
        #expect(Fragmentation(last, limit: 28)?.count == 3)
        let beyond = BuiltPacket(fragment: 8_187, payload: Array(0...19)).bytes
        #expect(Fragmentation(beyond, limit: 28) == nil)
        let wrapping = BuiltPacket(fragment: 0x3fff, payload: Array(0...99)).bytes
        #expect(Fragmentation(wrapping, limit: 28) == nil)
    }
}
