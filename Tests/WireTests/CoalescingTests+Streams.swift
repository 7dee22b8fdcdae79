// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// Which TCP segments are merged, field by field.
@Suite struct StreamCoalescingTests {
    /// Three segments with a timestamp option: 20 octets of IP header, 32 of TCP header.
    private let segments = stream(
        [100, 100, 100], in: .atomic,
        BuiltTCP(sequence: 0x0102_0300, options: hex("01 01 08 0a 00 00 00 01 00 00 00 02")))

    private static let header = 0..<52
    /// IP header checksum, TCP checksum.
    private static let checksums: Set<Int> = [10, 11, 36, 37]
    private static let identification: Set<Int> = [4, 5]

    /// Flips one bit, and repairs the checksums unless it is one of theirs.
    private func changed(_ packet: [UInt8], _ offset: Int, _ bit: Int) -> [UInt8] {
        let flipped = packet.flipping(1 << UInt8(bit), at: offset)
        return Self.checksums.contains(offset) ? flipped : flipped.repaired
    }

    @Test(arguments: header) func `of all bits in the header, the next packet may differ in identification and PSH`(
        offset: Int
    ) {
        for bit in 0..<8 {
            let isHarmless = Self.identification.contains(offset) || offset == 33 && bit == 3
            let runs = coalesce([segments[0], changed(segments[1], offset, bit)])
            #expect(runs == (isHarmless ? [[0, 1]] : [[0], [1]]), "bit \(bit)")
        }
    }

    @Test(arguments: header) func `of all bits in the header, the first packet may differ in identification`(
        offset: Int
    ) {
        for bit in 0..<8 {
            let isHarmless = Self.identification.contains(offset)
            let runs = coalesce([changed(segments[0], offset, bit), segments[1]])
            #expect(runs == (isHarmless ? [[0, 1]] : [[0], [1]]), "bit \(bit)")
        }
    }

    @Test(arguments: header) func `what all packets have in common does not matter where it means nothing else`(
        offset: Int
    ) {
        // Traffic class, identification, TTL, addresses, ports, acknowledgement, window, urgent pointer, options.
        let free = Set([1, 4, 5, 8] + Array(12...23) + Array(28...31) + [34, 35] + Array(38...51))
        for bit in 0..<8 {
            let pair = segments[..<2].map { changed($0, offset, bit) }
            // DF, the reserved bits of TCP, and sequence numbers as long as they follow one another.
            let isFree =
                free.contains(offset) || offset == 6 && bit == 6 || offset == 32 && bit < 4
                || (24...27).contains(offset) && (pair[0][24...27].number + 100 == pair[1][24...27].number)
            #expect(coalesce(pair) == (isFree ? [[0, 1]] : [[0], [1]]), "bit \(bit)")
        }
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `of all flags, only ACK is merged, with PSH on the last`(flags: UInt8) {
        func flagged(_ index: Int) -> [UInt8] { segments[index].replacing(at: 33, with: [flags]).repaired }
        let first = coalesce([flagged(0), segments[1], segments[2]])
        #expect(first == (flags == 0x10 ? [[0, 1, 2]] : [[0], [1, 2]]))
        let second = coalesce([segments[0], flagged(1), segments[2]])
        #expect(second == (flags == 0x10 ? [[0, 1, 2]] : flags == 0x18 ? [[0, 1], [2]] : [[0], [1], [2]]))
        let third = coalesce([segments[0], segments[1], flagged(2)])
        #expect(third == (flags & ~0x08 == 0x10 ? [[0, 1, 2]] : [[0, 1], [2]]))
        let all = coalesce([flagged(0), flagged(1), flagged(2)])
        #expect(all == (flags == 0x10 ? [[0, 1, 2]] : [[0], [1], [2]]))
    }

    @Test(arguments: [-100, -99, -1, 0, 1, 99, 100, 1 << 16, 1 << 24, 1 << 31])
    func `a sequence number other than the next one begins another run`(off: Int) {
        let next = UInt32(truncatingIfNeeded: 101 + off)
        let packets = stream([100]) + stream([100], in: .atomic, BuiltTCP(sequence: next))
        #expect(coalesce(packets) == (off == 0 ? [[0, 1]] : [[0], [1]]))
    }

    @Test func `sequence numbers wrap round`() {
        for start in [0xffff_ff9c, 0xffff_ff9b, 0xffff_ffff, 0xffff_fff0] as [UInt32] {
            #expect(coalesce(stream([100, 100, 1], in: .atomic, BuiltTCP(sequence: start))) == [[0, 1, 2]])
        }
    }

    @Test func `a segment that is lost, repeated or overtaken is no part of the run, which ends`() {
        let packets = stream([100, 100, 100, 100])
        #expect(coalesce([packets[0], packets[2], packets[3]]) == [[0], [1, 2]])
        #expect(coalesce([packets[0], packets[1], packets[1], packets[2]]) == [[0, 1], [2, 3]])
        #expect(coalesce([packets[1], packets[0], packets[2], packets[3]]) == [[0], [1], [2, 3]])
        #expect(coalesce([packets[0], packets[1], packets[0], packets[2]]) == [[0, 1], [2], [3]])
    }

    @Test func `a longer segment begins another run, a shorter one ends it`() {
        #expect(coalesce(stream([100, 101])) == [[0], [1]])
        #expect(coalesce(stream([100, 101, 101])) == [[0], [1, 2]])
        #expect(coalesce(stream([100, 99, 99])) == [[0, 1], [2]])
        #expect(coalesce(stream([100, 99, 100])) == [[0, 1], [2]])
        #expect(coalesce(stream([100, 99, 1])) == [[0, 1], [2]])
        #expect(coalesce(stream([100, 1, 100, 100])) == [[0, 1], [2, 3]])
        #expect(coalesce(stream([1, 1, 1])) == [[0, 1, 2]])
    }

    @Test func `a segment without payload goes on alone, and ends the run`() {
        #expect(coalesce(stream([100, 0, 100, 100])) == [[0], [1], [2, 3]])
        #expect(coalesce(stream([0, 0])) == [[0], [1]])
    }

    @Test func `PSH ends the run, whatever follows`() {
        let pushed = stream([100, 100, 100, 100]).enumerated().map { index, packet in
            index == 1 ? packet.replacing(at: 33, with: [0x18]).repaired : packet
        }
        #expect(coalesce(pushed) == [[0, 1], [2, 3]])
    }

    @Test func `options that sum to the same are not the same`() {
        let one = stream([10, 10], in: .atomic, BuiltTCP(options: hex("01 02 03 04  05 06 07 08")))
        let other = stream([10, 10], in: .atomic, BuiltTCP(options: hex("05 06 07 08  01 02 03 04")))
        #expect(coalesce([one[0], other[1]]) == [[0], [1]])
        #expect(coalesce([one[0], one[1]]) == [[0, 1]])
    }

    @Test func `65,535 octets are one superpacket, one more are not`() {
        #expect(coalesce(stream([Int](repeating: 13_099, count: 5))) == [[0, 1, 2, 3, 4]])
        #expect(coalesce(stream([13_100, 13_100, 13_100, 13_100, 13_095])) == [[0, 1, 2, 3, 4]])
        #expect(coalesce(stream([13_100, 13_100, 13_100, 13_100, 13_096])) == [[0, 1, 2, 3], [4]])
        // What did not fit begins the next one.
        #expect(coalesce(stream([30_000, 30_000, 30_000, 30_000, 30_000])) == [[0, 1], [2, 3], [4]])
        #expect(coalesce(stream([65_495, 1])) == [[0], [1]])
    }
}

extension ArraySlice<UInt8> {
    /// The number that these octets are, most significant first.
    fileprivate var number: UInt32 { reduce(0) { $0 << 8 | UInt32($1) } }
}
