// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// TCP superpackets; see SegmentationTests+Datagrams for UDP.
@Suite struct SegmentationTests {
    /// CWR, PSH, ACK and FIN; 18 octets of payload, in segments of 5.
    private let superpacket = hex(
        """
        45 02 00 3a  01 f4 40 00  40 06 4c 91  c0 00 02 01  c6 33 64 02  # length 58, identification 500, DF
        30 39 00 50  ff ff ff fb  00 00 00 01  50 99 ff ff  ec 63 00 00  # sequence 2^32 - 5, only pseudo-header summed
        61 62 63 64 65  66 67 68 69 6a  6b 6c 6d 6e 6f  70 71 72
        """)

    /// V6: identifications 500 to 503, CWR on the first only, PSH and FIN on the last only.
    static let expected = [
        hex(
            """
            45 02 00 2d  01 f4 40 00  40 06 4c 9e  c0 00 02 01  c6 33 64 02  # length 45, identification 500
            30 39 00 50  ff ff ff fb  00 00 00 01  50 90 ff ff  68 cb 00 00  # sequence 2^32 - 5, CWR ACK
            61 62 63 64 65
            """),
        hex(
            """
            45 02 00 2d  01 f5 40 00  40 06 4c 9d  c0 00 02 01  c6 33 64 02  # length 45, identification 501
            30 39 00 50  00 00 00 00  00 00 00 01  50 10 ff ff  5a 3d 00 00  # sequence 0, ACK
            66 67 68 69 6a
            """),
        hex(
            """
            45 02 00 2d  01 f6 40 00  40 06 4c 9c  c0 00 02 01  c6 33 64 02  # length 45, identification 502
            30 39 00 50  00 00 00 05  00 00 00 01  50 10 ff ff  4b 2e 00 00  # sequence 5, ACK
            6b 6c 6d 6e 6f
            """),
        hex(
            """
            45 02 00 2b  01 f7 40 00  40 06 4c 9d  c0 00 02 01  c6 33 64 02  # length 43, identification 503
            30 39 00 50  00 00 00 0a  00 00 00 01  50 19 ff ff  b0 8b 00 00  # sequence 10, PSH ACK FIN
            70 71 72
            """),
    ]

    @Test func `a superpacket becomes the packets that the kernel would have sent`() throws {
        let segmentation = try #require(Segmentation(superpacket, size: 5))
        #expect(segmentation.count == 4)
        #expect(segmentation.packets(of: superpacket) == SegmentationTests.expected)
        #expect(segmentation.headerLength == 40)
        #expect(segmentation.longestLength == 45)
        #expect(segmentation.size == 5)
        #expect(segmentation.isStream)
    }

    @Test func `the reference that the random tests compare with gives the same`() {
        let tcp = BuiltTCP(sequence: 0xffff_fffb, flags: 0x99, payload: Array(superpacket[40...]))
        let packet = BuiltPacket(trafficClass: 2, identification: 500, fragment: 0x4000)
        #expect(packet.carryingUnfinished(tcp) == superpacket)
        #expect(segments(of: packet, tcp, size: 5) == SegmentationTests.expected)
    }

    @Test func `64,000 octets in segments of 1400 are 46 packets, the last of 1000`() throws {
        var random = SplitMix64()
        let tcp = BuiltTCP(flags: 0x18, payload: random.bytes(64_000))
        let packet = BuiltPacket(identification: 500, fragment: 0x4000)
        let whole = packet.carryingUnfinished(tcp)
        let segmentation = try #require(Segmentation(whole, size: 1_400))
        let packets = segmentation.packets(of: whole)
        #expect(packets.count == 46)
        #expect(packets.map { $0.word(at: 4) } == Array(500...545))
        #expect(packets.map(\.count) == [Int](repeating: 1_440, count: 45) + [1_040])
        #expect(packets.map { $0[33] } == [UInt8](repeating: 0x10, count: 45) + [0x18])
        #expect(packets == segments(of: packet, tcp, size: 1_400), random.note)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `of all flags, FIN and PSH belong to the last and CWR to the first`(flags: UInt8) throws {
        let whole = BuiltPacket().carryingUnfinished(BuiltTCP(flags: flags, payload: [1, 2, 3]))
        let packets = try #require(Segmentation(whole, size: 1)).packets(of: whole)
        #expect(packets.map { $0[33] } == [flags & ~0x09, flags & ~0x89, flags & ~0x80])
        let single = try #require(Segmentation(whole, size: 3)).packets(of: whole)
        #expect(single.map { $0[33] } == [flags])
    }

    @Test func `identifications wrap round`() throws {
        let whole = BuiltPacket(identification: 0xffff).carryingUnfinished(BuiltTCP(payload: [1, 2, 3]))
        let packets = try #require(Segmentation(whole, size: 1)).packets(of: whole)
        #expect(packets.map { $0.word(at: 4) } == [0xffff, 0, 1])
        #expect(packets.hasOnly { $0.headerSum == 0xffff && $0.transportSum == 0xffff })
    }

    @Test func `every segment has all options of IP and TCP, in every length they may have`() throws {
        for network in stride(from: 0, through: 40, by: 4) {
            for transport in stride(from: 0, through: 40, by: 4) {
                let tcp = BuiltTCP(
                    flags: 0x19, options: [UInt8](repeating: 1, count: transport), payload: Array(0...16))
                let packet = BuiltPacket(options: [UInt8](repeating: 1, count: network))
                let whole = packet.carryingUnfinished(tcp)
                let segmentation = try #require(Segmentation(whole, size: 7))
                #expect(segmentation.headerLength == 40 + network + transport)
                #expect(segmentation.longestLength == 47 + network + transport)
                #expect(segmentation.packets(of: whole) == segments(of: packet, tcp, size: 7))
            }
        }
    }

    @Test func `a superpacket without payload is one packet, and so is one that fits`() throws {
        for payload in [[], [1], [1, 2, 3, 4, 5]] as [[UInt8]] {
            let tcp = BuiltTCP(flags: 0x99, payload: payload)
            let whole = BuiltPacket().carryingUnfinished(tcp)
            let segmentation = try #require(Segmentation(whole, size: 5))
            #expect(segmentation.count == 1)
            #expect(segmentation.longestLength == whole.count)
            #expect(segmentation.packets(of: whole) == [BuiltPacket().carrying(tcp)])
        }
    }

    @Test func `padding after the superpacket belongs to no segment`() throws {
        let padded = superpacket + hex("ff ff ff ff ff ff ff")
        let segmentation = try #require(Segmentation(padded, size: 5))
        #expect(segmentation.packets(of: padded) == SegmentationTests.expected)
    }

    @Test func `what stood in the checksum fields before does not matter`() throws {
        let other = superpacket.replacing(at: 10, with: hex("de ad")).replacing(at: 36, with: hex("be ef"))
        #expect(try #require(Segmentation(other, size: 5)).packets(of: other) == SegmentationTests.expected)
    }

    @Test func `each segment is written alone, in any order`() throws {
        let segmentation = try #require(Segmentation(superpacket, size: 5))
        for index in [3, 0, 2, 1, 0] {
            for offset in [0, 20, 21] {
                let packet = segmentation.packet(index, of: superpacket, at: offset)
                #expect(packet == SegmentationTests.expected[index])
            }
        }
    }
}
