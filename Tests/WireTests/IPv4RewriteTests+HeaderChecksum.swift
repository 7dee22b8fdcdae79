// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Wire

@Suite struct HeaderChecksumRewriteTests {
    @Test func `the checksum of a header is computed from nothing but the header`() {
        let header = hex("45 8a 00 14  12 34 40 00  40 11 3b e4  c0 00 02 01  c6 33 64 02")
        for garbage in ["00 00", "ff ff", "3b e4", "de ad"] {
            var bytes = header.replacing(at: 10, with: hex(garbage)) + hex("ff ff ff")
            changing(&bytes) { $0.rewriteHeaderChecksum(headerLength: 20) }
            #expect(bytes == header + hex("ff ff ff"))
        }
    }

    @Test(arguments: 5...15) func `options are covered, and every header sums to ffff`(words: Int) throws {
        var random = SplitMix64()
        for _ in 0..<200 {
            let before = random.bytes(words * 4 + 10)
            var after = before
            changing(&after) { $0.rewriteHeaderChecksum(headerLength: words * 4) }
            try #require(naiveSum(after[..<(words * 4)]) == 0xffff, random.note)
            try #require(after == before.replacing(at: 10, with: Array(after[10..<12])), random.note)
        }
    }
}
