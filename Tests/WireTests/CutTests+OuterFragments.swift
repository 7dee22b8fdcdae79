// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct OuterFragmentTests {
    private let fields = OuterFields(
        source: IPv4Address(203, 0, 113, 1), destination: IPv4Address(203, 0, 113, 2), trafficClass: 0xb8,
        ttl: .standard, fragmentation: .allowed)

    @Test func `fragments of the outer packet have one identification, and only the last has no MF`() {
        let packet = BuiltPacket(payload: Array(0...99)).bytes
        let written = Cut.outerFragments(limit: 70).outerPackets(of: packet, under: fields, identification: 0xbeef)
        let heads = [
            hex("45 b8 00 44  be ef 20 00  40 04 00 00  cb 00 71 01  cb 00 71 02"),  // length 68, MF, offset 0
            hex("45 b8 00 44  be ef 20 06  40 04 00 00  cb 00 71 01  cb 00 71 02"),  // length 68, MF, offset 48
            hex("45 b8 00 2c  be ef 00 0c  40 04 00 00  cb 00 71 01  cb 00 71 02"),  // length 44, offset 96
        ]
        #expect(written.map(\.head) == heads)
        #expect(written.map(\.body) == [0..<48, 48..<96, 96..<120])
    }

    @Test(arguments: [68, 69, 75, 76, 576, 1_300, 1_499, 1_500, 9_000])
    func `they are as long as the limit allows, and the peer puts them together`(limit: Int) throws {
        var random = SplitMix64()
        for length in [0, 1, 7, 8, 9, 48, 49, 1_480, 1_481, 3_000] {
            let packet = random.bytes(length)
            let cut = Cut.outerFragments(limit: limit)
            let written = cut.outerPackets(of: packet, under: fields, identification: 0xbeef).map(\.packet)
            let whole = Cut.whole.outerPackets(of: packet, under: fields, identification: 0xbeef).map(\.packet)
            try #require(written.count == cut.count(length: length))
            try #require(written.hasOnly { $0.count <= limit && Int($0.word(at: 2)) == $0.count })
            let full = [Int](repeating: 20 + (limit - 20) / 8 * 8, count: written.count - 1)
            try #require(written.dropLast().map(\.count) == full)
            try #require(written.hasOnly { $0.count > 20 } || length == 0)
            let reassembled = try #require(reassemble(written.shuffled(using: &random)), random.note)
            // The kernel computes the checksum of every outer header.
            try #require([reassembled.replacing(at: 10, with: [0, 0])] == whole, random.note)
        }
    }

    @Test func `the longest packet has fragments up to the last offset`() {
        var random = SplitMix64()
        let packet = random.bytes(OuterHeader.maximumPayloadLength)
        let written = Cut.outerFragments(limit: 68).outerPackets(of: packet, under: fields, identification: 0xbeef)
        #expect(written.count == 1_365)
        #expect(written.last?.head.word(at: 6) == 8_184)
        #expect(reassemble(written.map(\.packet))?.payload == packet, random.note)
    }

    @Test func `a packet that fits is one whole outer packet`() {
        let packet = BuiltPacket(payload: Array(0...99)).bytes
        for limit in [140, 1_500, 65_535, 65_536, Int.max] {
            let written = Cut.outerFragments(limit: limit).outerPackets(of: packet, under: fields, identification: 9)
            let whole = Cut.whole.outerPackets(of: packet, under: fields, identification: 9)
            #expect(written.map(\.packet) == whole.map(\.packet), "\(limit)")
        }
    }

    /// RFC 791 §3.2: every link takes 68 octets, so no path can be narrower.
    @Test(arguments: [Int.min, -1, 0, 20, 28, 67, 68]) func `no limit is below 68 octets`(limit: Int) {
        let packet = BuiltPacket(payload: Array(0...99)).bytes
        let cut = Cut.outerFragments(limit: limit)
        #expect(cut.count(length: 120) == 3)
        let lengths = cut.outerPackets(of: packet, under: fields, identification: 1).map(\.packet.count)
        #expect(lengths == [68, 68, 44])
    }

    @Test func `random packets survive random limits`() throws {
        var random = SplitMix64()
        for _ in 0..<100 {
            let packet = random.bytes(Int.random(in: 0...5_000, using: &random))
            let limit = Int.random(in: 68...1_600, using: &random)
            let cut = Cut.outerFragments(limit: limit)
            let written = cut.outerPackets(of: packet, under: fields, identification: 0xbeef)
            try #require(written.flatMap { packet[$0.body] } == packet, random.note)
            try #require(reassemble(written.map(\.packet))?.payload == packet, random.note)
        }
    }
}
