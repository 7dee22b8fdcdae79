// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct OuterPacketTests {
    /// An outer packet with an option, 26 octets, and padding after it.
    private let example = hex(
        """
        46           # version 4, IHL 6
        03           # DSCP 0, CE
        00 1a        # total length 26
        00 00 40 00  # identification 0, DF
        40 04        # TTL 64, IP in IP
        00 00        # header checksum: the kernel has looked at it
        c6 33 64 02  # source 198.51.100.2
        c0 00 02 01  # destination 192.0.2.1
        01 01 01 00  # options: three no-operations and the end
        45 00        # two octets of payload
        00 00 00     # padding
        """)

    @Test func `the payload lies between header length and total length`() throws {
        let packet = try OuterPacket(example.octets)
        #expect(packet.source == IPv4Address(198, 51, 100, 2))
        #expect(packet.destination == IPv4Address(192, 0, 2, 1))
        #expect(packet.ecn == .ce)
        #expect(packet.ttl == 64)
        #expect(packet.payload == 24..<26)
    }

    @Test(arguments: 5...15) func `the payload follows the header length, whatever it is`(words: Int) throws {
        let options = [UInt8](repeating: 1, count: words * 4 - 20)
        let packet = TestPacket.outer(around: [1, 2, 3]).with { $0.options = options }
        let payload = try OuterPacket(packet.bytes().octets).payload
        #expect(payload == words * 4..<words * 4 + 3)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `only protocol 4 is ours`(number: UInt8) {
        let packet = TestPacket.outer(around: []).with { $0.carried = IPProtocol(rawValue: number) }.bytes()
        #expect(read(packet) == (number == 4 ? nil : .outerMalformed))
    }

    @Test func `every bit that makes a fragment is one, DF and the reserved bit are not`() throws {
        for bit in 0..<16 {
            let packet = TestPacket.outer(around: []).with { $0.fragment = 1 << bit }.bytes()
            let isFragment = try OuterPacket(packet.octets).isFragment
            #expect(isFragment == (bit < 14), "bit \(bit)")
        }
    }

    @Test func `what is no IPv4 packet is malformed, in whatever way`() {
        #expect(read([]) == .outerMalformed)
        #expect(read(Array(example.prefix(19))) == .outerMalformed)
        #expect(read(Array(example.prefix(25))) == .outerMalformed)
        #expect(read([0x60] + example.dropFirst()) == .outerMalformed)
        #expect(read([0x44] + example.dropFirst()) == .outerMalformed)
        #expect(read([0x46, 0, 0, 23] + example.dropFirst(4)) == .outerMalformed)
    }

    private func read(_ bytes: [UInt8]) -> Drop? {
        do throws(Drop) {
            _ = try OuterPacket(bytes.octets)
            return nil
        } catch {
            return error
        }
    }
}
