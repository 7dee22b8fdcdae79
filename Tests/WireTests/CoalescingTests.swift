// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// What goes on together, and as what; see the other files for what does not.
@Suite struct CoalescingTests {
    @Test func `segments that follow one another are one run, the last of which may be shorter`() {
        var batch = PacketBatch(stream([100, 100, 100, 40]))
        var coalescing = Coalescing(capacity: 4)
        coalescing.gather(&batch, [.streams, .datagrams])
        #expect(coalescing.slots == [[0, 1, 2, 3]])
        let run = coalescing[0]
        #expect(run.first == 0)
        #expect(run.count == 4)
        #expect(run.headerLength == 40)
        #expect(run.size == 100)
        #expect(run.length == 40 + 340)
        #expect(run.kind == .streams)
    }

    @Test func `datagrams of one flow are one run, the last of which may be shorter`() {
        var batch = PacketBatch(datagrams([64, 64, 1]))
        var coalescing = Coalescing(capacity: 3)
        coalescing.gather(&batch, [.streams, .datagrams])
        #expect(coalescing.slots == [[0, 1, 2]])
        let run = coalescing[0]
        #expect(run.headerLength == 28)
        #expect(run.size == 64)
        #expect(run.length == 28 + 129)
        #expect(run.kind == .datagrams)
    }

    /// The reverse of V6 in SegmentationTests, without the flags that end a stream.
    @Test func `the headers of a TCP superpacket, octet by octet`() {
        let packets = [
            hex(
                """
                45 02 00 2d  01 f4 40 00  40 06 4c 9e  c0 00 02 01  c6 33 64 02  # length 45, identification 500, DF
                30 39 00 50  ff ff ff fb  00 00 00 01  50 10 ff ff  69 4b 00 00  # sequence 2^32 - 5, ACK
                61 62 63 64 65
                """),
            hex(
                """
                45 02 00 2d  01 f5 40 00  40 06 4c 9d  c0 00 02 01  c6 33 64 02  # identification 501
                30 39 00 50  00 00 00 00  00 00 00 01  50 10 ff ff  5a 3d 00 00  # sequence 0, ACK
                66 67 68 69 6a
                """),
            hex(
                """
                45 02 00 2b  01 f6 40 00  40 06 4c 9e  c0 00 02 01  c6 33 64 02  # length 43, identification 502
                30 39 00 50  00 00 00 05  00 00 00 01  50 18 ff ff  ba 96 00 00  # sequence 5, PSH ACK
                6b 6c 6d
                """),
        ]
        var batch = PacketBatch(packets)
        var coalescing = Coalescing(capacity: 3)
        coalescing.gather(&batch, .streams)
        #expect(coalescing.slots == [[0, 1, 2]])
        #expect(
            coalescing.superpacket(coalescing[0], of: batch)
                == hex(
                    """
                    45 02 00 35  01 f4 40 00  40 06 4c 96  c0 00 02 01  c6 33 64 02  # length 53, identification 500
                    30 39 00 50  ff ff ff fb  00 00 00 01  50 18 ff ff  ec 5e 00 00  # PSH ACK, only pseudo-header summed
                    61 62 63 64 65  66 67 68 69 6a  6b 6c 6d
                    """))
        #expect(
            written(coalescing[0].virtioNetHeader)
                == hex(
                    """
                    01 01      # to be summed, TCP in IPv4
                    28 00      # 40 octets of headers
                    05 00      # 5 octets each
                    14 00  10 00  # from octet 20 on, into octet 16 of that
                    """))
        #expect(batch.indices.map { octets(batch[$0].bytes) } == packets, "the packets themselves stay as they are")
    }

    /// The reverse of DatagramSegmentationTests.
    @Test func `the headers of a UDP superpacket, octet by octet`() {
        let packets = [
            hex(
                """
                45 00 00 20  01 f4 40 00  40 11 4c a2  c0 00 02 01  c6 33 64 02  # length 32, identification 500, DF
                30 39 00 35  00 0c 1e 6a  61 62 63 64                            # length 12
                """),
            hex(
                """
                45 00 00 20  01 f5 40 00  40 11 4c a1  c0 00 02 01  c6 33 64 02  # identification 501
                30 39 00 35  00 0c 16 62  65 66 67 68
                """),
            hex(
                """
                45 00 00 1d  01 f6 40 00  40 11 4c a3  c0 00 02 01  c6 33 64 02  # length 29, identification 502
                30 39 00 35  00 09 7a 36  69                                     # length 9
                """),
        ]
        var batch = PacketBatch(packets)
        var coalescing = Coalescing(capacity: 3)
        coalescing.gather(&batch, .datagrams)
        #expect(coalescing.slots == [[0, 1, 2]])
        #expect(
            coalescing.superpacket(coalescing[0], of: batch)
                == hex(
                    """
                    45 00 00 25  01 f4 40 00  40 11 4c 9d  c0 00 02 01  c6 33 64 02  # length 37, identification 500
                    30 39 00 35  00 11 ec 59  61 62 63 64  65 66 67 68  69           # length 17, only pseudo-header summed
                    """))
        #expect(
            written(coalescing[0].virtioNetHeader)
                == hex(
                    """
                    01 05      # to be summed, UDP
                    1c 00      # 28 octets of headers
                    04 00      # 4 octets each
                    14 00  06 00  # from octet 20 on, into octet 6 of that
                    """))
        #expect(batch.indices.map { octets(batch[$0].bytes) } == packets, "the packets themselves stay as they are")
    }

    private func written(_ header: VirtioNetHeader) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xaa, count: VirtioNetHeader.length)
        changing(&bytes) { header.write(to: &$0) }
        return bytes
    }

    @Test func `PSH of the last packet is PSH of the superpacket, and it has no other`() {
        for flags in [0x10, 0x18] as [UInt8] {
            let last = stream([9, 9, 9])[2].replacing(at: 33, with: [flags]).repaired
            var batch = PacketBatch(stream([9, 9]) + [last])
            var coalescing = Coalescing(capacity: 3)
            coalescing.gather(&batch, .streams)
            #expect(coalescing.superpacket(coalescing[0], of: batch)[33] == flags)
        }
    }

    @Test func `IP and TCP headers of every length: options belong to the header that all share`() {
        for count in stride(from: 0, through: 40, by: 4) {
            let tcp = BuiltTCP(options: (0..<count).map { UInt8($0 + 1) })
            var batch = PacketBatch(stream([10, 10, 3], in: .atomic, tcp))
            var coalescing = Coalescing(capacity: 3)
            coalescing.gather(&batch, .streams)
            #expect(coalescing.slots == [[0, 1, 2]])
            #expect(coalescing[0].headerLength == 40 + count)
            let expected = stream([23], in: .atomic, tcp)[0].prefix(40 + count)
            let made = coalescing.superpacket(coalescing[0], of: batch).prefix(40 + count)
            #expect(Array(made).replacing(at: 36, with: [0, 0]) == Array(expected).replacing(at: 36, with: [0, 0]))
        }
    }

    @Test func `only what was asked for is merged`() {
        let packets = stream([10, 10]) + datagrams([10, 10])
        #expect(coalesce(packets, [.streams, .datagrams]) == [[0, 1], [2, 3]])
        #expect(coalesce(packets, .streams) == [[0, 1], [2], [3]])
        #expect(coalesce(packets, .datagrams) == [[0], [1], [2, 3]])
        #expect(coalesce(packets, []) == [[0], [1], [2], [3]])
    }

    @Test func `nothing outlasts the batch`() {
        let packets = stream([10, 10, 10, 10])
        var coalescing = Coalescing(capacity: 2)
        for pair in [packets[0..<2], packets[2..<4]] {
            var batch = PacketBatch(Array(pair))
            coalescing.gather(&batch, .streams)
            #expect(coalescing.slots == [[0, 1]])
        }
        var empty = PacketBatch([])
        coalescing.gather(&empty, .streams)
        #expect(coalescing.indices.isEmpty)
    }

    @Test func `a packet that goes on alone is a run of its own, as long as it is`() {
        var batch = PacketBatch([BuiltPacket(carried: 1, payload: [8, 0, 0, 0]).bytes] + stream([7]))
        var coalescing = Coalescing(capacity: 2)
        coalescing.gather(&batch, .streams)
        #expect(coalescing.slots == [[0], [1]])
        #expect(coalescing.indices.map { coalescing[$0].length } == [24, 47])
    }
}
