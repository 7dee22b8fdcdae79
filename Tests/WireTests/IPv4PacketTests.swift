// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct IPv4PacketTests {
    /// A UDP packet of 32 octets with one option word, and two octets of padding after it.
    static let example = hex(
        """
        46           # version 4, IHL 6
        b9           # DSCP 46 (EF), ECT(1)
        00 20        # total length 32
        be ef        # identification
        60 02        # DF, MF, offset 2 * 8
        3f           # TTL 63
        11           # UDP
        6c ea        # header checksum
        c0 00 02 01  # source 192.0.2.1
        c6 33 64 02  # destination 198.51.100.2
        01 01 01 00  # options: three no-operations and the end
        00 01 02 03 04 05 06 07  # payload
        ff ff        # padding, no part of the packet
        """)

    @Test func `every field stands where RFC 791 §3.1 puts it`() throws {
        let packet = try unsafe IPv4Packet(IPv4PacketTests.example.span.bytes)
        let (headerLength, totalLength, range) = (packet.headerLength, packet.totalLength, packet.payloadRange)
        #expect(headerLength == 24)
        #expect(totalLength == 32)
        #expect(range == 24..<32)
        let (trafficClass, ecn, identification) = (packet.trafficClass, packet.ecn, packet.identification)
        #expect(trafficClass == 0xb9)
        #expect(ecn == .ect1)
        #expect(identification == 0xbeef)
        let (ttl, carried, checksum) = (packet.ttl, packet.protocolNumber, packet.headerChecksum)
        #expect(ttl == 63)
        #expect(carried == .udp)
        #expect(checksum == 0x6cea)
        let (source, destination) = (packet.source, packet.destination)
        #expect(source == IPv4Address(192, 0, 2, 1))
        #expect(destination == IPv4Address(198, 51, 100, 2))
    }

    @Test func `the payload ends with the total length, not with the buffer`() throws {
        let packet = try unsafe IPv4Packet(IPv4PacketTests.example.span.bytes)
        let (payload, whole) = (octets(packet.payload), octets(packet.bytes))
        #expect(payload == hex("00 01 02 03 04 05 06 07"))
        #expect(whole == Array(IPv4PacketTests.example.dropLast(2)))
    }

    static let fragmentFields: [(field: UInt16, dontFragment: Bool, moreFragments: Bool, offset: Int)] = [
        (0x0000, false, false, 0), (0x4000, true, false, 0), (0x2000, false, true, 0), (0x6000, true, true, 0),
        (0x0001, false, false, 8), (0x1fff, false, false, 65_528), (0x3fff, false, true, 65_528),
        (0x8000, false, false, 0),
    ]

    @Test(arguments: fragmentFields) func `flags and offset share two octets`(
        field: UInt16, dontFragment: Bool, moreFragments: Bool, offset: Int
    ) throws {
        var bytes = IPv4PacketTests.example
        bytes.replaceSubrange(6..<8, with: [UInt8(field >> 8), UInt8(field & 0xff)])
        let packet = try unsafe IPv4Packet(bytes.span.bytes)
        let flags = (packet.dontFragment, packet.moreFragments, packet.fragmentOffset, packet.isFragment)
        #expect(flags == (dontFragment, moreFragments, offset, moreFragments || offset > 0))
    }

    @Test func `the header checksum covers options and nothing after the header`() throws {
        for offset in IPv4PacketTests.example.indices {
            var bytes = IPv4PacketTests.example
            // Flags octets that are not lengths, so that the view stays the same.
            guard ![0, 2, 3].contains(offset) else { continue }
            bytes[offset] ^= 0x10
            let isValid = try unsafe IPv4Packet(bytes.span.bytes).hasValidHeaderChecksum
            #expect(isValid == (offset >= 24), "octet \(offset)")
        }
        let isValid = try unsafe IPv4Packet(IPv4PacketTests.example.span.bytes).hasValidHeaderChecksum
        #expect(isValid)
    }
}

/// What `init` refuses.
@Suite struct IPv4PacketMalformedTests {
    @Test func `no octets are a truncated header`() {
        #expect(malformation(of: []) == .truncatedHeader)
    }

    @Test(arguments: 1...19) func `fewer than 20 octets are a truncated header`(count: Int) {
        #expect(malformation(of: Array(IPv4PacketTests.example.prefix(count))) == .truncatedHeader)
    }

    @Test(arguments: (0...15).filter { $0 != 4 } as [UInt8])
    func `any version but 4 is named, even in a single octet`(version: UInt8) {
        #expect(malformation(of: [version << 4 | 5]) == .version(version))
        #expect(malformation(of: [version << 4 | 5] + IPv4PacketTests.example.dropFirst()) == .version(version))
    }

    @Test(arguments: 0...4 as ClosedRange<UInt8>) func `an IHL below 5 is refused`(words: UInt8) {
        #expect(malformation(of: [0x40 | words] + IPv4PacketTests.example.dropFirst()) == .headerLength)
    }

    @Test(arguments: 5...15) func `a header of 20 to 60 octets is accepted when it is there`(words: Int) {
        // version and IHL, traffic class, total length, the rest zero.
        let bytes = [0x40 | UInt8(words), 0, 0, UInt8(words * 4)] + [UInt8](repeating: 0, count: words * 4 - 4)
        #expect(malformation(of: bytes) == nil)
        #expect(malformation(of: bytes.dropLast()) == .truncatedHeader)
    }

    @Test func `a total length from header length to buffer length is accepted, no other`() {
        for totalLength in 0...40 {
            var bytes = IPv4PacketTests.example
            bytes.replaceSubrange(2..<4, with: [0, UInt8(totalLength)])
            #expect(malformation(of: bytes) == ((24...34).contains(totalLength) ? nil : .totalLength), "\(totalLength)")
        }
    }

    @Test func `the longest packet has 65,535 octets`() {
        let header = hex("45 00 ff ff") + [UInt8](repeating: 0, count: 16)
        let payload = [UInt8](repeating: 0, count: 65_515)
        #expect(malformation(of: header + payload) == nil)
        #expect(malformation(of: header + payload.dropLast()) == .totalLength)
    }

    private func malformation(of bytes: [UInt8]) -> IPv4Packet.Malformed? {
        do throws(IPv4Packet.Malformed) {
            _ = try unsafe IPv4Packet(bytes.span.bytes)
            return nil
        } catch {
            return error
        }
    }
}
