// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// Flows may be interleaved in any way, and the order within a flow never changes.
@Suite struct CoalescingOrderTests {
    @Test func `64 flows in a batch are 64 runs, in the order in which they came`() {
        let packet = stream([100])[0]
        #expect(coalesce((0..<64).map { packet.from(port: 1_000 + $0) }) == (0..<64).map { [$0] })
        #expect(coalesce((0..<64).map { packet.to(host: $0) }) == (0..<64).map { [$0] })
    }

    @Test func `32 flows, each with a packet in both halves of the batch, are 32 runs of two`() {
        let packets = stream([100, 100])
        let batch = packets.flatMap { packet in (0..<32).map { packet.from(port: 1_000 + $0) } }
        #expect(coalesce(batch) == (0..<32).map { [$0, $0 + 32] })
    }

    @Test func `4 flows taking turns are 4 runs`() {
        let kinds = [
            stream([Int](repeating: 100, count: 16)), datagrams([Int](repeating: 100, count: 16)),
            stream([Int](repeating: 50, count: 16)).map { $0.from(port: 7) },
            datagrams([Int](repeating: 9, count: 16)).map { $0.to(host: 9) },
        ]
        let batch = (0..<64).map { kinds[$0 % 4][$0 / 4] }
        #expect(coalesce(batch) == (0..<4).map { flow in (0..<16).map { $0 * 4 + flow } })
    }

    @Test func `both directions, and TCP and UDP between the same ports, are different flows`() {
        let there = stream([100, 100])
        let back = there.map { packet in
            (packet.prefix(12) + packet[16..<20] + packet[12..<16] + packet[22..<24] + packet[20..<22] + packet[24...])
        }.map { Array($0).repaired }
        #expect(coalesce([there[0], back[0], there[1], back[1]]) == [[0, 2], [1, 3]])
        let datagrams = datagrams([100, 100]).map { $0.replacing(at: 22, with: [0, 80]).repaired }
        #expect(datagrams[0][20..<24] == there[0][20..<24])
        #expect(coalesce([there[0], datagrams[0], there[1], datagrams[1]]) == [[0, 2], [1, 3]])
    }

    @Test func `a run that ended stays ended: what would fit later goes after what came between`() {
        let packets = stream([100, 100, 100])
        let other = packets[1].replacing(at: 8, with: [63]).repaired
        // Another TTL ends the run; the right segment comes after it, and neither joins the first.
        #expect(coalesce([packets[0], other, packets[1], packets[2]]) == [[0], [1], [2, 3]])
        let pushed = packets[0].replacing(at: 33, with: [0x18]).repaired
        #expect(coalesce([pushed, packets[1], packets[2]]) == [[0], [1, 2]])
        #expect(coalesce(datagrams([100, 99, 100, 99])) == [[0, 1], [2, 3]])
    }

    /// Packets between the two hosts that nobody can tell whose they are.
    private static let opaque: [(name: String, bytes: [UInt8])] = [
        ("the first fragment", BuiltPacket(fragment: 0x2000, carried: 6, payload: stream([12])[0].payload).bytes),
        ("the last fragment", BuiltPacket(fragment: 0x0003, carried: 6, payload: Array(0..<32)).bytes),
        ("IP options", BuiltPacket(options: hex("94 04 00 00")).carrying(BuiltTCP(payload: [1]))),
        ("ICMP", BuiltPacket(carried: 1, payload: [8, 0, 0xf7, 0xff, 0, 0, 0, 0]).bytes),
        ("ESP", BuiltPacket(carried: 50, payload: Array(0..<40)).bytes),
        ("a wrong header checksum", stream([100, 100], in: .atomic)[1].flipping(1, at: 10)),
        ("a wrong TCP checksum", stream([100, 100], in: .atomic)[1].flipping(1, at: 36)),
        ("UDP without checksum", datagrams([100])[0].replacing(at: 26, with: [0, 0])),
        ("no payload", stream([0])[0]),
        ("FIN", BuiltPacket.atomic.carrying(BuiltTCP(sequence: 101, flags: 0x11, payload: [1]))),
    ]

    @Test(arguments: opaque.indices) func `what cannot be looked into goes after what came before, and before the rest`(
        index: Int
    ) {
        let (name, bytes) = Self.opaque[index]
        let (packets, others) = (stream([100, 100, 100]), datagrams([100, 100]))
        let runs = coalesce([packets[0], packets[1], others[0], bytes, others[1], packets[2]])
        #expect(runs == [[0, 1], [2], [3], [4], [5]], "\(name)")
        let far = coalesce([packets[0], packets[1], bytes.elsewhere, packets[2]])
        #expect(far == [[0, 1, 3], [2]], "\(name) between other hosts")
    }

    @Test func `what has not even addresses ends all runs`() {
        let (packets, others) = (stream([100, 100]), stream([100, 100]).map { $0.to(host: 9) })
        for runt in [[], [0x45], Array(packets[1].prefix(19))] as [[UInt8]] {
            let runs = coalesce([packets[0], others[0], runt, packets[1], others[1]])
            #expect(runs == [[0], [1], [2], [3], [4]])
        }
        #expect(coalesce([packets[0], others[0], packets[1], others[1]]) == [[0, 2], [1, 3]])
    }

    @Test func `a fragment one way does not end what goes the other way`() {
        let packets = stream([100, 100])
        let back = BuiltPacket(fragment: 0x2000, source: [198, 51, 100, 2], destination: [192, 0, 2, 1]).bytes
        #expect(coalesce([packets[0], back, packets[1]]) == [[0, 2], [1]])
    }
}

extension [UInt8] {
    /// The same from another host, the checksums as wrong or right as they were: two words change, their sum does not.
    fileprivate var elsewhere: [UInt8] {
        replacing(at: 12, with: [UInt8](word: word(at: 12) &+ 1)).replacing(
            at: 14, with: [UInt8](word: word(at: 14) &- 1))
    }
}
