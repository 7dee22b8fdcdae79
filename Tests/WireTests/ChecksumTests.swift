// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct ChecksumTests {
    @Test func `the example of RFC 1071 §3 sums to ddf2`() {
        let sum = Checksum(of: hex("00 01  f2 03  f4 f5  f6 f7"))
        #expect(sum.folded == 0xddf2)
        #expect(sum.value == 0x220d)
    }

    @Test func `nothing sums to zero, and so does a vector of zeros`() {
        #expect(Checksum().folded == 0)
        #expect(Checksum(of: [UInt8](repeating: 0, count: 100)).value == 0xffff)
    }

    @Test func `every length up to 200 at every alignment equals the naive sum`() throws {
        var random = SplitMix64()
        let bytes = random.bytes(208)
        for length in 0...200 {
            for alignment in 0..<8 {
                let range = alignment..<alignment + length
                var sum = Checksum()
                unsafe sum.add(bytes.span.bytes.extracting(range))
                let folded = sum.folded
                try #require(folded == naiveSum(bytes[range]), "length \(length) at \(alignment), \(random.note)")
            }
        }
    }

    @Test func `random lengths up to a whole packet equal the naive sum`() throws {
        var random = SplitMix64()
        for length in [65_534, 65_535] + (0..<6).map({ _ in Int.random(in: 201...65_535, using: &random) }) {
            let bytes = random.bytes(length)
            let folded = Checksum(of: bytes).folded
            try #require(folded == naiveSum(bytes), "length \(length), \(random.note)")
        }
    }

    @Test func `a whole packet of ones does not overflow`() {
        #expect(Checksum(of: [UInt8](repeating: 0xff, count: 65_535)).folded == 0xff00)
        #expect(Checksum(of: [UInt8](repeating: 0xff, count: 65_534)).folded == 0xffff)
    }

    @Test func `octets may be added in parts that end at even offsets`() {
        var random = SplitMix64()
        let bytes = random.bytes(301)
        for middle in stride(from: 0, through: 300, by: 2) {
            var sum = Checksum()
            unsafe sum.add(bytes.span.bytes.extracting(0..<middle))
            unsafe sum.add(bytes.span.bytes.extracting(middle..<301))
            #expect(sum.folded == naiveSum(bytes), "split at \(middle), \(random.note)")
        }
    }

    @Test func `a word and an address count like their octets`() {
        var sum = Checksum()
        sum.add(0xbeef)
        sum.add(IPv4Address(192, 0, 2, 1))
        #expect(sum.folded == naiveSum(hex("be ef  c0 00 02 01")))
    }

    @Test func `the pseudo-header is source, destination, protocol and length`() {
        let sum = Checksum(
            pseudoHeaderFrom: IPv4Address(192, 0, 2, 1), to: IPv4Address(198, 51, 100, 2), of: .tcp, length: 1480)
        let pseudoHeader = hex(
            """
            c0 00 02 01  # source 192.0.2.1
            c6 33 64 02  # destination 198.51.100.2
            00 06        # zero, protocol TCP
            05 c8        # length 1480
            """)
        #expect(sum.folded == naiveSum(pseudoHeader))
    }
}

/// RFC 1624: one word of a header changes.
@Suite struct ChecksumUpdateTests {
    @Test func `the example of RFC 1624 §4 gives 0000, not ffff`() {
        #expect(Checksum.updated(0xdd2f, replacing: 0x5555, with: 0x3285) == 0x0000)
    }

    @Test func `an update equals the checksum computed anew`() throws {
        var random = SplitMix64()
        for _ in 0..<3_000 {
            var header = [UInt8](hex("45")) + random.bytes(19)
            let old = ~naiveSum(header)
            let word = Int.random(in: 0..<10, using: &random) * 2
            let change = (from: header.word(at: word), to: UInt16.random(in: 0 ... .max, using: &random))
            header.setWord(change.to, at: word)
            try #require(
                Checksum.updated(old, replacing: change.from, with: change.to) == ~naiveSum(header), random.note)
        }
    }

    @Test func `a wrong checksum stays wrong by the same amount`() throws {
        var random = SplitMix64()
        for _ in 0..<3_000 {
            var header = random.bytes(20)
            let residue = naiveSum(header)
            let word = [0, 2, 4, 6, 8, 12, 14, 16, 18].randomElement(using: &random) ?? 0
            let change = (from: header.word(at: word), to: UInt16.random(in: 0 ... .max, using: &random))
            let updated = Checksum.updated(header.word(at: 10), replacing: change.from, with: change.to)
            header.setWord(change.to, at: word)
            header.setWord(updated, at: 10)
            try #require(isSameSum(naiveSum(header), residue), random.note)
        }
    }
}

extension Checksum {
    fileprivate init(of bytes: [UInt8]) {
        self.init()
        unsafe add(bytes.span.bytes)
    }
}
