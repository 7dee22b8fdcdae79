// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct MaximumSegmentSizeTests {
    /// A SYN that says: at most 1460 octets.
    static let syn = hex(
        """
        45 00 00 2c  00 01 40 00  40 06 4e 94  c0 00 02 01  c6 33 64 02
        30 39 00 50  00 00 00 01  00 00 00 01  60 02 ff ff  7b 64 00 00
        02 04 05 b4  # maximum segment size 1460
        """)

    @Test func `the size in a SYN is lowered, and the checksum corrected by the difference`() {
        let expected = hex(
            """
            45 00 00 2c  00 01 40 00  40 06 4e 94  c0 00 02 01  c6 33 64 02
            30 39 00 50  00 00 00 01  00 00 00 01  60 02 ff ff  7b a0 00 00
            02 04 05 78  # maximum segment size 1400
            """)
        #expect(clamp(MaximumSegmentSizeTests.syn, to: 1_400) == expected)
    }

    @Test func `at an odd offset each octet of the size belongs to another word of the sum`() {
        let packet = hex(
            """
            45 00 00 30  00 01 40 00  40 06 4e 90  c0 00 02 01  c6 33 64 02
            30 39 00 50  00 00 00 01  00 00 00 01  70 02 ff ff  b9 0e 00 00
            01 02 04 05 b4 01 01 01  # no-operation, then maximum segment size 1460
            """)
        let expected = packet.replacing(at: 36, with: hex("f5 0e")).replacing(at: 43, with: hex("05 78"))
        #expect(clamp(packet, to: 1_400) == expected)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `SYN and SYN-ACK are changed, nothing without SYN`(flags: UInt8) {
        let packet = BuiltPacket().carrying(BuiltTCP(flags: flags, options: hex("02 04 05 b4")))
        #expect((clamp(packet, to: 1_400) != nil) == (flags & 0x02 != 0))
    }

    @Test func `a size is never raised: of all sizes, those above the limit become the limit`() throws {
        let base = BuiltPacket().carrying(BuiltTCP(flags: 2, options: hex("02 04 00 00")))
        for size in 0...UInt16.max {
            var packet = base.replacing(at: 42, with: [UInt8](word: size))
            packet.setWord(Checksum.updated(base.word(at: 36), replacing: 0, with: size), at: 36)
            let clamped = clamp(packet, to: 1_400)
            if size <= 1_400 {
                if clamped != nil { Issue.record("\(size)") }
            } else if clamped?.word(at: 42) != 1_400 || clamped?.transportSum != 0xffff {
                Issue.record("\(size)")
            }
        }
    }

    @Test func `a SYN without the option stays without it`() {
        for options in ["", "01 01 01 01", "03 03 07 00", "04 02 00 00", "00 00 00 00"] {
            let packet = BuiltPacket().carrying(BuiltTCP(flags: 2, options: hex(options)))
            #expect(clamp(packet, to: 100) == nil, "\(options)")
        }
    }

    @Test func `a checksum that hardware is to finish does not cover the option yet, and is left alone`() {
        let packet = BuiltPacket().carryingUnfinished(BuiltTCP(flags: 2, options: hex("02 04 05 b4")))
        let expected = packet.replacing(at: 42, with: hex("05 78"))
        #expect(clamp(packet, to: 1_400, isUnfinished: true) == expected)
    }

    @Test func `only the start of a packet has a TCP header`() throws {
        for units in 0...0x1fff as ClosedRange<UInt16> {
            for flags in [0, 0x2000] as [UInt16] {
                let packet = MaximumSegmentSizeTests.syn.replacing(at: 6, with: [UInt8](word: flags | units))
                if (clamp(packet, to: 1_400) != nil) != (units == 0) { Issue.record("\(flags | units)") }
            }
        }
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `no other protocol is touched`(carried: UInt8) {
        let packet = MaximumSegmentSizeTests.syn.replacing(at: 9, with: [carried])
        #expect((clamp(packet, to: 1_400) != nil) == (carried == 6))
    }

    @Test func `a checksum that was wrong stays wrong`() throws {
        var random = SplitMix64()
        for checksum in [0, 0xffff] + (0..<2_000).map({ _ in UInt16.random(in: 0 ... .max, using: &random) }) {
            for options in ["02 04 05 b4", "01 02 04 05 b4 01 01 01"] {
                let right = BuiltPacket().carrying(BuiltTCP(flags: 2, options: hex(options)))
                let packet = right.replacing(at: 36, with: [UInt8](word: checksum))
                let clamped = try #require(clamp(packet, to: 1_400), random.note)
                try #require(isSameSum(clamped.transportSum, packet.transportSum), random.note)
            }
        }
    }

    @Test func `random SYNs come out with the smaller size and a right checksum, nothing else changed`() throws {
        var random = SplitMix64()
        for _ in 0..<2_000 {
            let size = UInt16.random(in: 0 ... .max, using: &random)
            let limit = UInt16.random(in: 0 ... .max, using: &random)
            let before = random.harmlessOptions()
            var options = before + [2, 4] + [UInt8](word: size)
            options += [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
            let network = [UInt8](repeating: 1, count: 4 * Int.random(in: 0...10, using: &random))
            let tcp = BuiltTCP(flags: 0x12, options: options, payload: random.bytes(Int(random.next() % 9)))
            let packet = BuiltPacket(source: random.bytes(4), options: network).carrying(tcp)
            guard size > limit else {
                try #require(clamp(packet, to: limit) == nil, random.note)
                continue
            }
            var expected = tcp
            expected.options.replaceSubrange(before.count + 2..<before.count + 4, with: [UInt8](word: limit))
            let clamped = try #require(clamp(packet, to: limit), random.note)
            let checksum = 36 + network.count
            let rebuilt = BuiltPacket(source: Array(packet[12..<16]), options: network).carrying(expected)
            try #require(clamped.transportSum == 0xffff, random.note)
            try #require(
                clamped.replacing(at: checksum, with: [0, 0]) == rebuilt.replacing(at: checksum, with: [0, 0]),
                random.note)
        }
    }
}

/// The packet after clamping, `nil` when nothing was changed.
func clamp(_ packet: [UInt8], to limit: UInt16, isUnfinished: Bool = false) -> [UInt8]? {
    var bytes = packet
    let isChanged = changing(&bytes) { $0.clampMaximumSegmentSize(to: limit, isUnfinished: isUnfinished) }
    precondition(isChanged == (bytes != packet))
    return isChanged ? bytes : nil
}

extension SplitMix64 {
    /// Window scale, timestamps and the like, in any order.
    fileprivate mutating func harmlessOptions() -> [UInt8] {
        (0..<Int.random(in: 0...3, using: &self)).flatMap { _ in
            [hex("01"), hex("03 03 07"), hex("04 02"), hex("08 0a 00 00 00 01 00 00 00 02")][Int(next() % 4)]
        }
    }
}
