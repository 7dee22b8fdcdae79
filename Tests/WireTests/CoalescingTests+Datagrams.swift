// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// Which UDP datagrams are merged, field by field.
@Suite struct DatagramCoalescingTests {
    private static let header = 0..<28
    /// IP header checksum, UDP checksum.
    private static let checksums: Set<Int> = [10, 11, 26, 27]
    private static let identification: Set<Int> = [4, 5]

    /// Flips one bit, and repairs the checksums unless it is one of theirs.
    private func changed(_ packet: [UInt8], _ offset: Int, _ bit: Int) -> [UInt8] {
        let flipped = packet.flipping(1 << UInt8(bit), at: offset)
        return Self.checksums.contains(offset) ? flipped : flipped.repaired
    }

    @Test(arguments: header) func `of all bits in the header, datagrams may differ in identification only`(
        offset: Int
    ) {
        let packets = datagrams([100, 100])
        for bit in 0..<8 {
            let expected = Self.identification.contains(offset) ? [[0, 1]] : [[0], [1]]
            #expect(coalesce([packets[0], changed(packets[1], offset, bit)]) == expected, "second, bit \(bit)")
            #expect(coalesce([changed(packets[0], offset, bit), packets[1]]) == expected, "first, bit \(bit)")
        }
    }

    @Test(arguments: header) func `what all datagrams have in common does not matter where it means nothing else`(
        offset: Int
    ) {
        // Traffic class, identification, TTL, addresses, ports.
        let free = Set([1, 4, 5, 8] + Array(12...23))
        for bit in 0..<8 {
            // One bit makes a group of the destination: 230.51.100.2.
            let isFree = free.contains(offset) && !(offset == 16 && bit == 5) || offset == 6 && bit == 6
            let pair = datagrams([100, 100]).map { changed($0, offset, bit) }
            #expect(coalesce(pair) == (isFree ? [[0, 1]] : [[0], [1]]), "bit \(bit)")
        }
    }

    @Test(arguments: header) func `a changed datagram in between: its flow keeps the order, another goes past it`(
        offset: Int
    ) {
        let packets = datagrams([100, 100, 100])
        for bit in 0..<8 {
            let runs = coalesce([packets[0], changed(packets[1], offset, bit), packets[2]])
            switch offset {
            case 4, 5: #expect(runs == [[0, 1, 2]], "bit \(bit)")
            // The same flow, only not to be merged with its neighbours: another class, DF, TTL.
            case 1, 8: #expect(runs == [[0], [1], [2]], "bit \(bit)")
            case 6 where bit == 6: #expect(runs == [[0], [1], [2]], "bit \(bit)")
            // Other addresses, other ports.
            case 12...23: #expect(runs == [[0, 2], [1]], "bit \(bit)")
            // Nothing that can be looked into: version, lengths, fragments, protocols, wrong checksums.
            default: #expect(runs == [[0], [1], [2]], "bit \(bit)")
            }
        }
    }

    @Test func `a longer datagram begins another run, a shorter one ends it`() {
        #expect(coalesce(datagrams([100, 101])) == [[0], [1]])
        #expect(coalesce(datagrams([100, 101, 101])) == [[0], [1, 2]])
        #expect(coalesce(datagrams([100, 99, 99])) == [[0, 1], [2]])
        #expect(coalesce(datagrams([100, 99, 100])) == [[0, 1], [2]])
        #expect(coalesce(datagrams([100, 1, 100, 100])) == [[0, 1], [2, 3]])
        #expect(coalesce(datagrams([1, 1, 1])) == [[0, 1, 2]])
    }

    @Test func `a datagram without payload goes on alone, and ends the run`() {
        #expect(coalesce(datagrams([100, 0, 100, 100])) == [[0], [1], [2, 3]])
        #expect(coalesce(datagrams([0, 0])) == [[0], [1]])
    }

    @Test func `a datagram without checksum goes on alone: a superpacket would have one`() {
        let packets = datagrams([100, 100, 100, 100])
        let unsummed = packets[1].replacing(at: 26, with: [0, 0])
        #expect(coalesce([packets[0], unsummed, packets[2], packets[3]]) == [[0], [1], [2, 3]])
        #expect(coalesce([unsummed, unsummed]) == [[0], [1]])
    }

    @Test func `a checksum of ffff is one, and 0 is none even where it fits`() {
        // Two octets of payload with which the sum comes out as that.
        let pair = datagrams([2, 2]).map { packet in
            let bare = packet.replacing(at: 28, with: [0, 0]).replacing(at: 26, with: [0, 0])
            return bare.replacing(at: 28, with: [UInt8](word: ~bare.transportSum)).repaired
        }
        #expect(pair.map { $0.word(at: 26) } == [0xffff, 0xffff])
        #expect(coalesce(pair) == [[0, 1]])
        // Without it the sum is as right as before, but was not meant to be one.
        let unsummed = pair.map { $0.replacing(at: 26, with: [0, 0]) }
        #expect(unsummed.map(\.transportSum) == [0xffff, 0xffff])
        #expect(coalesce(unsummed) == [[0], [1]])
    }

    @Test(arguments: [0, 1, 7, 8, 107, 109, 110, 0xffff] as [UInt16])
    func `a length that is not that of the payload keeps a datagram alone`(length: UInt16) {
        let packets = datagrams([100, 100, 100, 100])
        let changed = packets[1].replacing(at: 24, with: [UInt8](word: length)).repaired
        #expect(coalesce([packets[0], changed, packets[2], packets[3]]) == [[0], [1], [2, 3]])
        let all = packets.map { $0.replacing(at: 24, with: [UInt8](word: length)).repaired }
        #expect(coalesce(all) == [[0], [1], [2], [3]])
    }

    @Test func `65,535 octets are one superpacket, one more are not`() {
        #expect(coalesce(datagrams([13_102, 13_102, 13_102, 13_102, 13_099])) == [[0, 1, 2, 3, 4]])
        #expect(coalesce(datagrams([13_102, 13_102, 13_102, 13_102, 13_100])) == [[0, 1, 2, 3], [4]])
        #expect(coalesce(datagrams([30_000, 30_000, 30_000, 30_000, 30_000])) == [[0, 1], [2, 3], [4]])
        #expect(coalesce(datagrams([65_507, 1])) == [[0], [1]])
    }

    @Test func `64 datagrams of 64 octets are one superpacket`() {
        #expect(coalesce(datagrams([Int](repeating: 64, count: 64))) == [Array(0..<64)])
    }
}
