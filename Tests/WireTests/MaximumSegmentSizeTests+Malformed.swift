// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// Options that lie about themselves: nothing traps, and nothing outside of a real option is changed.
@Suite struct MalformedSegmentSizeTests {
    static let malformed = [
        "02 00 05 b4", "02 01 05 b4", "02 03 05 b4", "02 05 05 b4", "02 06 05 b4", "02 ff 05 b4",
        "01 01 01 02", "01 01 02 04", "01 02 04 05", "03 00 00 00  02 04 05 b4", "03 01 02 04  05 b4 01 01",
        "03 09 00 00  02 04 05 b4", "03 ff 00 00  02 04 05 b4", "00 00 00 00  02 04 05 b4", "01 00 00 00  02 04 05 b4",
        "02 06 05 b4  00 00 01 01", "02 03 05 01  02 04 05 b4",
    ]

    @Test(arguments: malformed) func `an option whose length is wrong ends the search`(options: String) {
        let packet = BuiltPacket().carrying(BuiltTCP(flags: 2, options: hex(options), payload: hex("05 b4 05 b4")))
        #expect(clamp(packet, to: 1) == nil)
    }

    @Test(arguments: ["03 04 07 00  02 04 05 b4", "fe 02 01 01  02 04 05 b4", "02 04 05 b4  02 00 00 00"])
    func `an unknown option is stepped over, what follows the size does not matter`(options: String) throws {
        let packet = BuiltPacket().carrying(BuiltTCP(flags: 2, options: hex(options)))
        #expect(try #require(clamp(packet, to: 1)).transportSum == 0xffff)
    }

    @Test(arguments: 0...15 as ClosedRange<UInt8>)
    func `the data offset bounds the options, and the packet bounds both`(words: UInt8) {
        let packet = MaximumSegmentSizeTests.syn.replacing(at: 32, with: [words << 4])
        #expect((clamp(packet, to: 1_400) != nil) == (words >= 6))
        let payload = BuiltPacket().carrying(BuiltTCP(flags: 2, payload: hex("02 04 05 b4")))
        #expect((clamp(payload.replacing(at: 32, with: [words << 4]), to: 1_400) != nil) == (words >= 6))
    }

    @Test(arguments: 20...43) func `a packet that ends early is left alone`(length: Int) {
        let packet = Array(MaximumSegmentSizeTests.syn.prefix(length))
        #expect(clamp(packet.replacing(at: 2, with: [0, UInt8(length)]), to: 1) == nil)
    }

    @Test(arguments: 11...15 as ClosedRange<UInt8>) func `an IP header that leaves no room for TCP is left alone`(
        words: UInt8
    ) throws {
        let options = [UInt8](repeating: 2, count: Int(words) * 4 - 20)
        let packet = BuiltPacket(carried: 6, options: options, payload: [UInt8](repeating: 2, count: 19)).bytes
        let headerLength = try IPv4Packet(packet.octets).headerLength
        #expect(headerLength == Int(words) * 4)
        #expect(clamp(packet, to: 1) == nil)
    }

    @Test func `random octets that are a SYN by their flags alone never trap`() throws {
        var random = SplitMix64()
        var changed = 0
        for _ in 0..<20_000 {
            var packet = random.bytes(Int.random(in: 20...100, using: &random))
            let words = Int.random(in: 5...min(15, packet.count / 4), using: &random)
            packet.replaceSubrange(0..<4, with: [0x40 | UInt8(words), 0] + [UInt8](word: UInt16(packet.count)))
            packet.replaceSubrange(6..<10, with: [0, 0, 64, 6])
            let transport = words * 4
            if packet.count >= transport + 20 {
                packet[transport + 12] |= 0x80
                packet[transport + 13] |= 2
            }
            // Random octets rarely lead far: known kinds and short lengths do.
            for index in packet.indices.dropFirst(transport + 20) where Bool.random(using: &random) {
                packet[index] = [1, 1, 2, 3, 4, 4, 0].randomElement(using: &random) ?? 0
            }
            let before = packet
            let isUnfinished = Bool.random(using: &random)
            guard let after = clamp(packet, to: 300, isUnfinished: isUnfinished) else { continue }
            changed += 1
            try #require(after[..<(transport + 16)] == before[..<(transport + 16)], random.note)
            if !isUnfinished { try #require(isSameSum(after.transportSum, before.transportSum), random.note) }
            let differences = before.indices.filter { before[$0] != after[$0] && $0 >= transport + 18 }
            try #require((differences.last ?? 0) - (differences.first ?? 0) <= 1, random.note)
        }
        #expect(changed > 30, random.note)
    }
}
