// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct RandomFragmentationTests {
    @Test func `random packets are put together again from their fragments`() throws {
        var random = SplitMix64()
        for _ in 0..<200 {
            let packet = random.packet(fragment: 0).bytes
            let limit = Int.random(in: packet.headerLength + 8...1_600, using: &random)
            let fragmentation = try #require(Fragmentation(packet, limit: limit), random.note)
            let fragments = fragmentation.fragments(of: packet)
            try check(fragments, of: packet, limit: limit, random.note)
            try #require(reassemble(fragments.shuffled(using: &random)) == packet, random.note)
        }
    }

    @Test func `random fragments of a packet may be cut again, at any limit`() throws {
        var random = SplitMix64()
        for _ in 0..<200 {
            let part = random.packet(fragment: UInt16.random(in: 1...7_000, using: &random) | 0x2000).bytes
            let limit = Int.random(in: part.headerLength + 8...1_600, using: &random)
            let fragments = try #require(Fragmentation(part, limit: limit), random.note).fragments(of: part)
            try check(fragments, of: part, limit: limit, random.note)
            // Taken back to the start, and with the last as the last, they are a packet.
            let base = part.word(at: 6) & 0x1fff
            let moved = fragments.enumerated().map { index, fragment in
                let more: UInt16 = index + 1 < fragments.count ? 0x2000 : 0
                return fragment.replacing(at: 6, with: [UInt8](word: more | fragment.word(at: 6) & 0x1fff - base))
            }
            try #require(reassemble(moved)?.payload == part.payload, random.note)
        }
    }

    /// What every fragment has in common with the packet that it is of.
    private func check(_ fragments: [[UInt8]], of packet: [UInt8], limit: Int, _ note: Comment) throws {
        for (index, fragment) in fragments.enumerated() {
            try #require(fragment.count <= limit && Int(fragment.word(at: 2)) == fragment.count, note)
            try #require(fragment.headerSum == 0xffff, note)
            try #require(fragment[..<2] == packet[..<2] && fragment[4..<6] == packet[4..<6], note)
            try #require(fragment[8..<10] == packet[8..<10] && fragment[12..<20] == packet[12..<20], note)
            let isLast = index + 1 == fragments.count
            try #require(isLast || fragment.payload.count.isMultiple(of: 8) && !fragment.payload.isEmpty, note)
            let more = isLast ? packet.word(at: 6) & 0x2000 : 0x2000
            try #require(fragment.word(at: 6) & 0xe000 == more, note)
        }
        try #require(fragments.flatMap(\.payload) == packet.payload, note)
    }
}

extension SplitMix64 {
    fileprivate mutating func packet(fragment: UInt16) -> BuiltPacket {
        BuiltPacket(
            trafficClass: UInt8(truncatingIfNeeded: next()), identification: UInt16(truncatingIfNeeded: next()),
            fragment: fragment, ttl: UInt8(truncatingIfNeeded: next()), carried: UInt8(truncatingIfNeeded: next()),
            source: bytes(4), destination: bytes(4), options: bytes(4 * Int.random(in: 0...10, using: &self)),
            payload: bytes(Int.random(in: 0...4_000, using: &self)))
    }
}
