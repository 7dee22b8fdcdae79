// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// Packets whose checksum was left for hardware, as GRO and senders on the same machine leave them.
@Suite struct UnfinishedTransportTests {
    /// TCP from 10.0.0.1 to 10.0.0.2, no payload; its checksum field is still zero.
    static let tcp = hex(
        """
        45 00 00 28  00 00 40 00  40 06 26 ce  0a 00 00 01  0a 00 00 02
        30 39 00 50  00 00 00 01  00 00 00 01  50 10 ff ff  00 00 00 00
        """)
    /// UDP with four octets of payload; its checksum field is still zero.
    static let udp = hex(
        """
        45 00 00 20  00 00 40 00  40 11 26 cb  0a 00 00 01  0a 00 00 02
        30 39 00 35  00 0c 00 00  61 62 63 64
        """)

    @Test func `TCP with only the pseudo-header summed is unfinished`() {
        // 0a00 + 0001 + 0a00 + 0002 + protocol 0006 + length 0014
        let packet = UnfinishedTransportTests.with(UnfinishedTransportTests.tcp, [0x14, 0x1d], at: 36)
        let unfinished = UnfinishedTransport(packet.octets)
        #expect(unfinished?.checksum == .partial(start: 20, offset: 16))
        #expect(unfinished?.carried == .tcp)
        #expect(unfinished?.headerLength == 40)
    }

    @Test func `UDP with only the pseudo-header summed is unfinished`() {
        // 0a00 + 0001 + 0a00 + 0002 + protocol 0011 + length 000c
        let packet = UnfinishedTransportTests.with(UnfinishedTransportTests.udp, [0x14, 0x20], at: 26)
        let unfinished = UnfinishedTransport(packet.octets)
        #expect(unfinished?.checksum == .partial(start: 20, offset: 6))
        #expect(unfinished?.headerLength == 28)
    }

    @Test func `TCP options belong to the header`() {
        var packet = UnfinishedTransportTests.with(UnfinishedTransportTests.tcp, [0x14, 0x29], at: 36)
        packet.replaceSubrange(2..<4, with: [0, 52])
        packet[32] = 0x80
        packet += [UInt8](repeating: 1, count: 12)
        #expect(UnfinishedTransport(packet.octets)?.headerLength == 52)
    }

    @Test func `every other value of the checksum field is finished, right or wrong`() {
        for value in 0...UInt16.max where value != 0x141d {
            let bytes = [UInt8(value >> 8), UInt8(value & 0xff)]
            let packet = UnfinishedTransportTests.with(UnfinishedTransportTests.tcp, bytes, at: 36)
            if UnfinishedTransport(packet.octets) != nil { Issue.record("\(value)") }
        }
    }

    @Test func `fragments, other protocols and cut transport headers are left alone`() {
        let packet = UnfinishedTransportTests.with(UnfinishedTransportTests.tcp, [0x14, 0x1d], at: 36)
        for (offset, value) in [(6, 0x20), (7, 0x01), (9, 0x01), (9, 0x04), (0, 0x65)] as [(Int, UInt8)] {
            #expect(UnfinishedTransport(UnfinishedTransportTests.with(packet, [value], at: offset).octets) == nil)
        }
        for length in 0..<40 {
            var short = Array(packet.prefix(length))
            if length >= 20 { short.replaceSubrange(2..<4, with: [0, UInt8(length)]) }
            #expect(UnfinishedTransport(short.octets) == nil)
        }
    }

    private static func with(_ packet: [UInt8], _ bytes: [UInt8], at offset: Int) -> [UInt8] {
        var packet = packet
        packet.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return packet
    }
}
