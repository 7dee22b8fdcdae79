// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct ECNRewriteTests {
    /// A header of RFC 3168 traffic: DSCP AF41, ECT(0).
    private let header = hex(
        """
        45           # version 4, IHL 5
        8a           # DSCP 34 (AF41), ECT(0)
        00 14        # total length 20
        12 34 40 00  # identification, DF
        40 11        # TTL 64, UDP
        3b e4        # header checksum
        c0 00 02 01  # source 192.0.2.1
        c6 33 64 02  # destination 198.51.100.2
        """)

    @Test func `the header that the tests start from is right`() { #expect(naiveSum(header) == 0xffff) }

    @Test func `CE changes one octet and the checksum, by the difference`() {
        var slot = PacketBatch(capacity: 1)
        slot[0].copy(header)
        var bytes = slot[0].mutableBytes
        bytes.rewriteECN(.ce)
        let rewritten = octets(slot[0].bytes)
        // 8a -> 8b in a low octet: the sum grows by 1, the checksum shrinks by 1.
        #expect(rewritten == header.replacing(at: 1, with: hex("8b")).replacing(at: 10, with: hex("3b e3")))
    }

    @Test(arguments: ECN.allCases, ECN.allCases)
    func `every change of codepoint leaves DSCP and checksum right`(old: ECN, new: ECN) throws {
        for trafficClass in stride(from: old.rawValue, through: 0xff, by: 4) {
            var original = header.replacing(at: 1, with: [trafficClass]).replacing(at: 10, with: [0, 0])
            let checksum = ~naiveSum(original)
            original = original.replacing(at: 10, with: [UInt8(checksum >> 8), UInt8(checksum & 0xff)])
            let rewritten = rewrite(original, to: new)
            #expect(naiveSum(rewritten) == 0xffff)
            #expect(rewritten[1] == trafficClass & 0xfc | new.rawValue)
            #expect(rewritten[2..<10] == original[2..<10])
            #expect(rewritten[12...] == original[12...])
        }
    }

    @Test func `a wrong header checksum is not repaired on the way`() throws {
        var random = SplitMix64()
        for _ in 0..<2_000 {
            let original = random.bytes(20)
            let new = ECN.allCases.randomElement(using: &random) ?? .ce
            let rewritten = rewrite(original, to: new)
            try #require(isSameSum(naiveSum(rewritten), naiveSum(original)), random.note)
        }
    }

    private func rewrite(_ packet: [UInt8], to ecn: ECN) -> [UInt8] {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(packet)
        var bytes = batch[0].mutableBytes
        bytes.rewriteECN(ecn)
        return octets(batch[0].bytes)
    }
}

/// `skb_checksum_help` in user space.
@Suite struct CompleteChecksumTests {
    @Test func `everything from start to the end is added to what the field holds`() throws {
        var random = SplitMix64()
        for _ in 0..<1_000 {
            let packet = random.bytes(Int.random(in: 2...120, using: &random))
            let start = Int.random(in: 0...packet.count - 2, using: &random)
            let field = Int.random(in: 0...packet.count - start - 2, using: &random)
            let (completed, isInside) = complete(packet, from: start, field: field)
            try #require(isInside, random.note)
            let checksum = ~naiveSum(packet[start...])
            let stored = checksum == 0 ? 0xffff : checksum
            let expected = packet.replacing(at: start + field, with: [UInt8(stored >> 8), UInt8(stored & 0xff)])
            try #require(completed == expected, "\(start) + \(field) of \(packet), \(random.note)")
        }
    }

    @Test func `a checksum of 0 is stored as ffff, since 0 means none in UDP`() {
        #expect(complete(hex("ff ff  00 00"), from: 0, field: 2).bytes == hex("ff ff  ff ff"))
        #expect(complete(hex("12 34  ed cb"), from: 0, field: 2).bytes == hex("12 34  ff ff"))
    }

    @Test func `a start or field outside of the packet changes nothing`() {
        let packet = hex("00 01 02 03 04 05 06 07")
        for start in -2...10 {
            for field in -2...10 {
                let (completed, isInside) = complete(packet, from: start, field: field)
                #expect(isInside == (start >= 0 && field >= 0 && start + field + 2 <= 8), "\(start) + \(field)")
                if !isInside { #expect(completed == packet) }
            }
        }
    }

    @Test(arguments: [(Int.max, 0), (0, Int.max), (Int.max, Int.max), (Int.min, 0), (0, Int.min), (65_535, 65_535)])
    func `no number is too absurd`(start: Int, field: Int) {
        #expect(!complete(hex("00 01 02 03"), from: start, field: field).isInside)
        #expect(!complete([], from: start, field: field).isInside)
    }

    private func complete(_ packet: [UInt8], from start: Int, field: Int) -> (bytes: [UInt8], isInside: Bool) {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(packet)
        var bytes = batch[0].mutableBytes
        let isInside = bytes.completeChecksum(from: start, field: field)
        return (octets(batch[0].bytes), isInside)
    }
}
