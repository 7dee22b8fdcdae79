// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

@Suite struct InnerPacketTests {
    /// A DNS-like packet in CS1, 24 octets, and two octets of padding after it.
    private let example = hex(
        """
        45           # version 4, IHL 5
        21           # DSCP 8 (CS1), ECT(1)
        00 18        # total length 24
        00 01 40 00  # identification, DF
        02 11        # TTL 2, UDP
        c2 91        # header checksum
        0a 01 00 01  # source 10.1.0.1
        ac 1f 00 01  # destination 172.31.0.1
        de ad be ef  # payload
        00 00        # padding
        """)

    @Test(arguments: [InnerPacket.Origin.host, .peer])
    func `the rules see the header's facts, and the total length rather than the buffer's`(
        origin: InnerPacket.Origin
    ) throws {
        let packet = try InnerPacket(example.octets, from: origin)
        #expect(packet.source == IPv4Address(10, 1, 0, 1))
        #expect(packet.destination == IPv4Address(172, 31, 0, 1))
        #expect(packet.protocolNumber == .udp)
        #expect(packet.trafficClass == 0x21)
        #expect(packet.ttl.rawValue == 2)
        #expect(packet.totalLength == 24)
        #expect(packet.dontFragment)
    }

    @Test(arguments: 0..<16) func `only DF forbids to cut`(bit: Int) throws {
        let bytes = TestPacket.outbound.with { $0.fragment = 1 << bit }.bytes()
        let packet = try InnerPacket(bytes.octets, from: .host)
        #expect(packet.dontFragment == (bit == 14))
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `a TTL of 0 is the only one refused`(ttl: UInt8) {
        let packet = TestPacket.inbound.with { $0.ttl = ttl }.bytes()
        #expect(read(packet, from: .peer) == (ttl == 0 ? .ttlZero : nil))
        #expect(read(packet, from: .host) == (ttl == 0 ? .ttlZero : nil))
    }

    @Test(arguments: 0..<16) func `a wrong checksum drops a peer's packet, but not our kernel's`(bit: Int) {
        let packet = TestPacket.inbound.bytes(checksumError: 1 << bit)
        #expect(read(packet, from: .peer) == .innerChecksum)
        #expect(read(packet, from: .host) == nil)
    }

    @Test func `every malformation has a drop of its own`() {
        let names: [(IPv4Packet.Malformed, Drop)] = [
            (.truncatedHeader, .truncated), (.version(6), .innerIPv6), (.version(0), .notIP), (.version(5), .notIP),
            (.version(15), .notIP), (.headerLength, .headerLength), (.totalLength, .totalLength),
        ]
        for (malformed, drop) in names { #expect(Drop(malformed) == drop) }
    }

    @Test func `every octet of V8 is named`() {
        #expect(read([], from: .peer) == .truncated)
        #expect(read([0x45], from: .peer) == .truncated)
        #expect(read([0x60], from: .peer) == .innerIPv6)
        #expect(read([0x00], from: .peer) == .notIP)
        #expect(read([0xf5], from: .peer) == .notIP)
        #expect(read(Array(example.prefix(19)), from: .peer) == .truncated)
        // IHL 4; IHL 15 with 26 octets there; total length 19, 27.
        #expect(read([0x44] + example.dropFirst(), from: .peer) == .headerLength)
        #expect(read([0x4f] + example.dropFirst(), from: .peer) == .truncated)
        #expect(read([0x45, 0, 0, 19] + example.dropFirst(4), from: .peer) == .totalLength)
        #expect(read([0x45, 0, 0, 27] + example.dropFirst(4), from: .peer) == .totalLength)
    }

    private func read(_ bytes: [UInt8], from origin: InnerPacket.Origin) -> Drop? {
        do throws(Drop) {
            _ = try InnerPacket(bytes.octets, from: origin)
            return nil
        } catch {
            return error
        }
    }
}
