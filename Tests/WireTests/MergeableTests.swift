// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Wire

/// What is read from one packet, and which packets qualify at all.
@Suite struct MergeableTests {
    private static let both: Coalescing.Kinds = [.streams, .datagrams]
    private static let segment = hex(
        """
        45 02 00 2d  01 f4 40 00  40 06 4c 9e  c0 00 02 01  c6 33 64 02
        30 39 00 50  ff ff ff fb  00 00 00 01  50 10 ff ff  69 4b 00 00
        61 62 63 64 65
        """)
    private static let datagram = hex(
        """
        45 00 00 20  01 f4 40 00  40 11 4c a2  c0 00 02 01  c6 33 64 02
        30 39 00 35  00 0c 1e 6a  61 62 63 64
        """)

    private static func look(_ packet: [UInt8], _ kinds: Coalescing.Kinds = both) -> Mergeable? {
        Mergeable(packet.octets, of: kinds)
    }

    @Test func `what a segment says`() throws {
        let part = try #require(Self.look(Self.segment))
        #expect(part.flow == .init(addresses: 0xc000_0201_c633_6402, ports: 0x3039_0050, carried: .tcp))
        #expect(part.isStream)
        #expect(part.headerLength == 40)
        #expect(part.payloadLength == 5)
        #expect(part.sequence == 0xffff_fffb)
        #expect(part.identification == 500)
        #expect(part.isAtomic)
        #expect(!part.pushes)
    }

    @Test func `what a datagram says`() throws {
        let part = try #require(Self.look(Self.datagram))
        #expect(part.flow == .init(addresses: 0xc000_0201_c633_6402, ports: 0x3039_0035, carried: .udp))
        #expect(!part.isStream)
        #expect(part.headerLength == 28)
        #expect(part.payloadLength == 4)
        #expect(part.sequence == 0)
        #expect(part.identification == 500)
        #expect(part.isAtomic)
        #expect(!part.pushes)
    }

    @Test func `PSH and DF are read`() throws {
        #expect(try #require(Self.look(BuiltPacket.atomic.carrying(BuiltTCP(flags: 0x18, payload: [1])))).pushes)
        #expect(try #require(Self.look(BuiltPacket.atomic.carrying(BuiltUDP(payload: [1])))).isAtomic)
        #expect(try !#require(Self.look(BuiltPacket.divisible.carrying(BuiltUDP(payload: [1])))).isAtomic)
    }

    @Test(arguments: [224, 230, 239] as [UInt8])
    func `datagrams for a group are never merged: the kernel would not cut them where it forwards them`(group: UInt8) {
        var packet = BuiltPacket.atomic
        packet.destination = [group, 1, 2, 3]
        #expect(Self.look(packet.carrying(BuiltUDP(payload: [1]))) == nil)
        packet.destination = [223, 1, 2, 3]
        #expect(Self.look(packet.carrying(BuiltUDP(payload: [1]))) != nil)
    }

    @Test func `only kinds that were asked for`() {
        #expect(Self.look(Self.segment, .streams) != nil)
        #expect(Self.look(Self.segment, .datagrams) == nil)
        #expect(Self.look(Self.datagram, .streams) == nil)
        #expect(Self.look(Self.datagram, .datagrams) != nil)
        #expect(Self.look(Self.segment, []) == nil && Self.look(Self.datagram, []) == nil)
    }

    @Test func `of a packet that is cut off anywhere, or goes on, nothing qualifies`() {
        for packet in [Self.segment, Self.datagram] {
            for count in packet.indices {
                #expect(Self.look(Array(packet.prefix(count))) == nil)
                guard count >= 20 else { continue }
                let honest = Array(packet.prefix(count)).replacing(at: 2, with: [UInt8](word: UInt16(count))).repaired
                #expect((Self.look(honest) != nil) == (packet[9] == 6 && count > 40), "\(count)")
            }
            #expect(Self.look(packet + [0]) == nil)
        }
    }

    @Test(arguments: 0...15 as ClosedRange<UInt8>) func `a TCP header is 20 octets or more, and something follows it`(
        words: UInt8
    ) {
        let packet = BuiltPacket.atomic.carrying(BuiltTCP(payload: [UInt8](repeating: 0, count: 20)))
        let part = Self.look(packet.replacing(at: 32, with: [words << 4]).repaired)
        #expect(part?.headerLength == ((5...9).contains(words) ? 20 + Int(words) * 4 : nil))
        #expect(part?.payloadLength == ((5...9).contains(words) ? 40 - Int(words) * 4 : nil))
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `only version 4 with a header of 20 octets`(first: UInt8) {
        for packet in [Self.segment, Self.datagram] {
            #expect((Self.look(packet.replacing(at: 0, with: [first]).repaired) != nil) == (first == 0x45))
        }
    }

    @Test func `any wrong bit makes a checksum wrong`() {
        for packet in [Self.segment, Self.datagram] {
            for offset in packet.indices {
                for bit in 0..<8 {
                    if Self.look(packet.flipping(1 << UInt8(bit), at: offset)) != nil { Issue.record("\(offset)") }
                }
            }
        }
    }

    @Test func `every checksum but the right one is wrong`() {
        for packet in [Self.segment, Self.datagram] {
            for field in [10, packet[9] == 6 ? 36 : 26] {
                let right = packet.word(at: field)
                for value in 0...UInt16.max {
                    let taken = Self.look(packet.replacing(at: field, with: [UInt8](word: value))) != nil
                    if taken != (value == right) { Issue.record("\(value) at \(field)") }
                }
            }
        }
    }

    @Test func `what agrees: all but lengths, identification, sequence number, flags and checksums`() {
        let tcp = BuiltPacket.atomic.carrying(BuiltTCP(options: hex("01 01 01 01  02 02 02 02"), payload: [1]))
        let udp = BuiltPacket.atomic.carrying(BuiltUDP(payload: [1]))
        let isFree: Set<Int> = [2, 3, 4, 5, 9, 10, 11]  // and the flow, which was compared before
        for offset in 0..<48 {
            let same = isFree.contains(offset) || (12..<28).contains(offset) || [33, 36, 37].contains(offset)
            #expect(agree(tcp, tcp.flipping(0x20, at: offset), 48, .tcp) == same, "TCP, \(offset)")
        }
        for offset in 0..<28 {
            let same = isFree.contains(offset) || offset >= 12
            #expect(agree(udp, udp.flipping(0x20, at: offset), 28, .udp) == same, "UDP, \(offset)")
        }
    }

    private func agree(_ one: [UInt8], _ other: [UInt8], _ headerLength: Int, _ carried: IPProtocol) -> Bool {
        Mergeable.agree(one.octets, other.octets, headerLength: headerLength, carried)
    }
}
