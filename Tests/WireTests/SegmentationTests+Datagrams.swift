// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct DatagramSegmentationTests {
    private let superpacket = hex(
        """
        45 00 00 25  01 f4 40 00  40 11 4c 9d  c0 00 02 01  c6 33 64 02  # length 37, identification 500, DF
        30 39 00 35  00 11 ec 59                                         # length 17, only pseudo-header summed
        61 62 63 64  65 66 67 68  69
        """)

    @Test func `a datagram in a slot of its own is a packet like any other`() throws {
        var batch = PacketBatch(capacity: 2)
        let segmentation = try #require(Segmentation(superpacket, size: 4))
        let expected = segmentation.packets(of: superpacket)
        for index in 0..<segmentation.count {
            // What an earlier packet has left in the slot is forgotten.
            (batch[1].segmentSize, batch[1].fate, batch[1].peer) = (7, .dropped, PeerIndex(rawValue: 3))
            segmentation.copy(index, of: superpacket.octets, to: &batch[1])
            #expect((0..<batch[1].length).map { batch[1].bytes.octet(at: $0) } == expected[index])
            #expect(batch[1].checksum == .valid)
            #expect(batch[1].segmentSize == 0)
            #expect(batch[1].fate == .pending)
            #expect(batch[1].peer == nil)
        }
    }

    @Test func `each datagram has a length and a checksum of its own`() throws {
        let segmentation = try #require(Segmentation(superpacket, size: 4))
        #expect(segmentation.count == 3)
        #expect(segmentation.headerLength == 28)
        #expect(segmentation.longestLength == 32)
        #expect(!segmentation.isStream)
        let expected = [
            hex(
                """
                45 00 00 20  01 f4 40 00  40 11 4c a2  c0 00 02 01  c6 33 64 02  # length 32, identification 500
                30 39 00 35  00 0c 1e 6a  61 62 63 64
                """),
            hex(
                """
                45 00 00 20  01 f5 40 00  40 11 4c a1  c0 00 02 01  c6 33 64 02  # length 32, identification 501
                30 39 00 35  00 0c 16 62  65 66 67 68
                """),
            hex(
                """
                45 00 00 1d  01 f6 40 00  40 11 4c a3  c0 00 02 01  c6 33 64 02  # length 29, identification 502
                30 39 00 35  00 09 7a 36  69
                """),
        ]
        #expect(segmentation.packets(of: superpacket) == expected)
        let built = BuiltPacket(identification: 500, fragment: 0x4000)
        #expect(segments(of: built, BuiltUDP(payload: Array(superpacket[28...])), size: 4) == expected)
    }

    @Test func `a checksum of 0 is sent as ffff, since 0 means none`() throws {
        // Two octets of payload with which the checksum comes out as 0.
        var payload: [UInt8] = [0, 0]
        payload.setWord(~BuiltPacket(payload: BuiltUDP(payload: [0, 0]).bytes).bytes.transportSum, at: 0)
        let whole = BuiltPacket().carryingUnfinished(BuiltUDP(payload: payload + payload + [7]))
        let packets = try #require(Segmentation(whole, size: 2)).packets(of: whole)
        #expect(packets.map { $0.word(at: 26) }.prefix(2) == [0xffff, 0xffff])
        #expect(packets.hasOnly { $0.transportSum == 0xffff })
    }

    @Test func `a datagram without payload is one packet`() throws {
        let whole = BuiltPacket().carryingUnfinished(BuiltUDP())
        let segmentation = try #require(Segmentation(whole, size: 100))
        #expect(segmentation.packets(of: whole) == [BuiltPacket().carrying(BuiltUDP())])
    }

    @Test func `2500 octets in datagrams of 1000 are 1000, 1000 and 500`() throws {
        var random = SplitMix64()
        let udp = BuiltUDP(payload: random.bytes(2_500))
        let packet = BuiltPacket(identification: 0xfffe, options: hex("94 04 00 00"))
        let whole = packet.carryingUnfinished(udp)
        let packets = try #require(Segmentation(whole, size: 1_000)).packets(of: whole)
        #expect(packets == segments(of: packet, udp, size: 1_000), random.note)
        #expect(packets.map { $0.word(at: 28) } == [1_008, 1_008, 508])
    }
}
