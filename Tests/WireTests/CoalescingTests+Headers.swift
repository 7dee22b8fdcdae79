// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// What is asked of the IP header of both kinds, and of what is known about a packet besides its octets.
@Suite struct HeaderCoalescingTests {
    /// Four packets of a stream, four of a flow of datagrams.
    private static func both(in packet: BuiltPacket) -> [[[UInt8]]] {
        [stream([50, 50, 50, 50], in: packet), datagrams([50, 50, 50, 50], in: packet)]
    }

    @Test(arguments: [-2, -1, 0, 1, 2, 3, 256, 0x8000])
    func `without DF, identifications count up by one, since fragments may need them`(step: Int) {
        for packets in Self.both(in: .divisible) {
            let pair = [packets[0], packets[1].replacing(at: 4, with: [UInt8](word: UInt16(500 + step))).repaired]
            #expect(coalesce(pair) == (step == 1 ? [[0, 1]] : [[0], [1]]))
        }
        for packets in Self.both(in: .atomic) {
            let pair = [packets[0], packets[1].replacing(at: 4, with: [UInt8](word: UInt16(500 + step))).repaired]
            #expect(coalesce(pair) == [[0, 1]], "with DF they mean nothing (RFC 6864)")
        }
    }

    @Test func `identifications wrap round`() {
        for packets in Self.both(in: BuiltPacket(identification: 0xfffe)) {
            #expect(coalesce(packets) == [[0, 1, 2, 3]])
        }
    }

    @Test func `identifications count on from the last packet, not from the first`() {
        for packets in Self.both(in: .divisible) {
            let repeated = packets[2].replacing(at: 4, with: [UInt8](word: 501)).repaired
            #expect(coalesce([packets[0], packets[1], repeated]) == [[0, 1], [2]])
        }
    }

    @Test func `DF is the same in all`() {
        let packets = zip(Self.both(in: .atomic), Self.both(in: .divisible))
        for (atomic, divisible) in packets {
            #expect(coalesce([atomic[0], divisible[1]]) == [[0], [1]])
            #expect(coalesce([divisible[0], atomic[1]]) == [[0], [1]])
        }
    }

    @Test func `no fragment is merged, whatever DF and the reserved bit say`() {
        for packets in Self.both(in: .atomic) {
            for units in [0, 1, 2, 0x1000, 0x1fff] as [UInt16] {
                for flags in stride(from: 0, through: 0xe000, by: 0x2000) as StrideThrough<UInt16> {
                    let pair = packets[..<2].map { $0.replacing(at: 6, with: [UInt8](word: flags | units)).repaired }
                    let isWhole = units == 0 && (flags == 0 || flags == 0x4000)
                    #expect(coalesce(pair) == (isWhole ? [[0, 1]] : [[0], [1]]), "\(flags | units)")
                }
            }
        }
    }

    @Test(arguments: ["01 01 01 00", "94 04 00 00"]) func `no packet with IP options is merged`(options: String) {
        for packets in Self.both(in: BuiltPacket(identification: 500, fragment: 0x4000, options: hex(options))) {
            #expect(coalesce(packets) == [[0], [1], [2], [3]])
        }
    }

    @Test func `of all pairs of traffic classes, only the same is merged: no mark spreads`() {
        for packets in Self.both(in: .atomic) {
            for one in [0, 1, 2, 3, 0xb8, 0xbb, 0xff] as [UInt8] {
                for other in [0, 1, 2, 3, 0xb8, 0xbb, 0xff] as [UInt8] {
                    let pair = [
                        packets[0].replacing(at: 1, with: [one]).repaired,
                        packets[1].replacing(at: 1, with: [other]).repaired,
                    ]
                    #expect(coalesce(pair) == (one == other ? [[0, 1]] : [[0], [1]]), "\(one), \(other)")
                }
            }
        }
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `only TCP and UDP are merged`(number: UInt8) {
        for packets in Self.both(in: .atomic) {
            let pair = packets[..<2].map { $0.replacing(at: 9, with: [number]).repaired }
            // A TCP segment read as a datagram has no proper length, and a datagram read as TCP no proper flags.
            #expect(coalesce(pair) == (number == packets[0][9] ? [[0, 1]] : [[0], [1]]))
        }
    }

    @Test func `a corrupted octet keeps a packet alone and as it is, and its neighbours apart`() {
        for packets in Self.both(in: .atomic) {
            for offset in packets[0].indices {
                let corrupted = packets[1].flipping(0x04, at: offset)
                var batch = PacketBatch([packets[0], corrupted, packets[2], packets[3]])
                var coalescing = Coalescing(capacity: 4)
                coalescing.gather(&batch, [.streams, .datagrams])
                // With other addresses, it might be of another flow.
                let isElsewhere = (12..<20).contains(offset)
                let isStream = packets[0][9] == 6
                let expected = isElsewhere && !isStream ? [[0, 2, 3], [1]] : [[0], [1], [2, 3]]
                #expect(coalescing.slots == expected, "octet \(offset)")
                #expect(batch.indices.map { batch[$0].checksum == .valid } == [true, false, true, true])
                #expect(octets(batch[1].bytes) == corrupted)
            }
        }
    }

    @Test func `what is merged was verified, and so was what could have been`() {
        var batch = PacketBatch(stream([10, 10, 10]) + datagrams([10]) + [BuiltPacket(carried: 1).bytes])
        batch[0].checksum = .valid
        var coalescing = Coalescing(capacity: 5)
        coalescing.gather(&batch, [.streams, .datagrams])
        #expect(batch.indices.map { batch[$0].checksum } == [.valid, .valid, .valid, .valid, .unknown])
    }

    @Test func `nobody's word is taken for a checksum`() {
        let packets = stream([10, 10])
        let runs = coalesce([packets[0], packets[1].flipping(1, at: 45)]) { $0[1].checksum = .valid }
        #expect(runs == [[0], [1]])
    }

    @Test func `a superpacket, and one whose checksum is still to be finished, go on alone and end the run`() {
        for packets in Self.both(in: .atomic) {
            for first in [0, 1] {
                let superpackets = coalesce(packets) { $0[first].segmentSize = 25 }
                let partials = coalesce(packets) { $0[first].checksum = .partial(start: 20, offset: 16) }
                let expected = first == 0 ? [[0], [1, 2, 3]] : [[0], [1], [2, 3]]
                #expect(superpackets == expected)
                #expect(partials == expected)
            }
        }
    }

    @Test(arguments: [.dropped, .delivered, .failed(5)] as [PacketSlot.Fate])
    func `what does not go on is passed over`(fate: PacketSlot.Fate) {
        let (packets, other) = (stream([10, 10]), BuiltPacket(carried: 1).bytes)
        #expect(coalesce([packets[0], other, packets[1]]) == [[0], [1], [2]])
        #expect(coalesce([packets[0], other, packets[1]]) { $0[1].fate = fate } == [[0, 2]])
        #expect(coalesce(stream([10, 10, 10])) { $0[1].fate = fate } == [[0], [2]], "a gap in the stream")
        #expect(coalesce(packets) { ($0[0].fate, $0[1].fate) = (fate, fate) } == [])
    }

    @Test func `octets behind the packet, or too few, keep it alone`() {
        for packets in Self.both(in: .atomic) {
            #expect(coalesce([packets[0], packets[1] + [0], packets[2], packets[3]]) == [[0], [1], [2, 3]])
            #expect(coalesce([packets[0], packets[1].dropLast(), packets[2], packets[3]]) == [[0], [1], [2, 3]])
        }
    }

    @Test func `runts of every length go on alone, and end the runs whose packets they may be`() {
        for packets in Self.both(in: .atomic) {
            for count in 0..<packets[1].count {
                let runs = coalesce([packets[0], Array(packets[1].prefix(count)), packets[2], packets[3]])
                #expect(runs == [[0], [1], [2, 3]], "\(count) octets")
                guard count >= 20 else { continue }
                let short = Array(packets[1].prefix(count)).replacing(at: 2, with: [UInt8](word: UInt16(count)))
                    .repaired
                #expect(coalesce([packets[0], short, packets[2], packets[3]]) == honestRuns(short), "\(count) octets")
            }
        }
    }

    /// A shorter packet that says so: a segment cut short is a good one, once there is something in it, if not what follows
    /// in the stream; a datagram is not, since its own length says more.
    private func honestRuns(_ short: [UInt8]) -> [[Int]] {
        short[9] == 6 && short.count > 40 ? [[0, 1], [2, 3]] : [[0], [1], [2, 3]]
    }
}
