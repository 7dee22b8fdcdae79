// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct ICMPEchoTests {
    private static let request = ICMPEcho(.request, identifier: 0x1994, sequence: 7, payload: [0xde, 0xad, 0xbe])
    private static let reply = ICMPEcho(.reply, identifier: 0x1994, sequence: 7, payload: [0xde, 0xad, 0xbe])

    private static let replyOctets = hex(
        """
        00 00        # echo reply, code 0
        49 b6        # checksum
        19 94        # identifier
        00 07        # sequence
        de ad be     # payload of an odd length
        """)

    @Test func `a request is a header of 8 octets and the payload, with its checksum`() {
        #expect(
            Self.request.message
                == hex(
                    """
                    08 00        # echo request, code 0
                    41 b6        # checksum
                    19 94        # identifier
                    00 07        # sequence
                    de ad be     # payload
                    """))
    }

    @Test func `what is written is read again`() {
        #expect(ICMPEcho(message: Self.replyOctets.octets) == Self.reply)
        #expect(ICMPEcho(message: Self.request.message.octets) == Self.request)
    }

    @Test func `a reply is read out of the packet that a raw socket gives`() throws {
        let packet =
            hex(
                """
                45 00 00 1f  12 34 40 00  3f 01 00 00  0a 00 00 02  0a 00 00 01  # from 10.0.0.2 to 10.0.0.1, ICMP
                """) + Self.replyOctets
        let view = try IPv4Packet(packet.octets)
        #expect(ICMPEcho(in: view) == Self.reply)
    }

    @Test(arguments: [(6, 0x20), (7, 0x01), (9, 0x11)]) func `a fragment, or another protocol, is none`(
        offset: Int, octet: UInt8
    ) throws {
        var packet = hex("45 00 00 1f  12 34 00 00  3f 01 00 00  0a 00 00 02  0a 00 00 01") + Self.replyOctets
        packet[offset] = octet
        let view = try IPv4Packet(packet.octets)
        #expect(ICMPEcho(in: view) == nil)
    }

    @Test(arguments: 0..<11) func `what is cut short is none`(length: Int) {
        #expect(ICMPEcho(message: Array(Self.replyOctets.prefix(length)).octets) == nil)
    }

    @Test(arguments: 0..<11) func `one wrong bit anywhere makes it none`(offset: Int) {
        var octets = Self.replyOctets
        octets[offset] ^= 0x10
        #expect(ICMPEcho(message: octets.octets) == nil)
    }

    @Test(arguments: [3, 5, 11, 13] as [UInt8]) func `another type is none, though its checksum is right`(type: UInt8) {
        var octets = Self.replyOctets
        octets.setWord(UInt16(type) << 8, at: 0)
        octets.setWord(0, at: 2)
        octets.setWord(~naiveSum(octets), at: 2)
        #expect(ICMPEcho(message: octets.octets) == nil)
    }

    @Test func `a reply answers the one request that it repeats`() {
        #expect(Self.reply.answers(Self.request))
        var other = Self.request
        other.identifier += 1
        #expect(!Self.reply.answers(other))
        other = Self.request
        other.sequence += 1
        #expect(!Self.reply.answers(other))
        other = Self.request
        other.payload[2] ^= 1
        #expect(!Self.reply.answers(other))
        #expect(!Self.request.answers(Self.request))
        #expect(!Self.reply.answers(Self.reply))
    }
}
