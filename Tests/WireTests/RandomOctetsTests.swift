// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// What a stranger sends: whatever it is, nothing here may trap, and what is accepted holds what it promises.
@Suite struct RandomOctetsTests {
    @Test func `random octets never trap a parser`() throws {
        var random = SplitMix64()
        for _ in 0..<10_000 {
            try parse(random.bytes(Int.random(in: 0...120, using: &random)), random.note)
        }
    }

    @Test func `random octets that begin like a packet never trap a parser`() throws {
        var random = SplitMix64()
        for _ in 0..<10_000 {
            var bytes = random.bytes(Int.random(in: 20...160, using: &random))
            bytes[0] = 0x40 | UInt8.random(in: 4...15, using: &random)
            bytes.setWord(UInt16(Int.random(in: 0...bytes.count + 4, using: &random)), at: 2)
            bytes.setWord([0, 0x4000, 0x2000, 0x0001, 0x3fff].randomElement(using: &random) ?? 0, at: 6)
            bytes[9] = [1, 4, 6, 17, 47].randomElement(using: &random) ?? 6
            try parse(bytes, random.note)
        }
    }

    @Test func `every cut and every changed octet of good packets is harmless`() throws {
        let tcp = BuiltPacket(options: hex("94 04 00 00  07 03 04 01")).carrying(
            BuiltTCP(flags: 0x12, options: hex("01 02 04 05 b4 01 01 01"), payload: Array(0...19)))
        let udp = BuiltPacket().carryingUnfinished(BuiltUDP(payload: Array(0...19)))
        let icmp = BuiltPacket(carried: 1, payload: [8, 0, 0, 0, 0, 0, 0, 0]).bytes
        for packet in [tcp, udp, icmp] {
            for count in 0...packet.count { try parse(Array(packet.prefix(count))) }
            for offset in packet.indices {
                for value in [0, 1, 2, 4, 7, 0x10, 0x40, 0x4f, 0x80, 0xff, packet[offset] ^ 1] {
                    try parse(packet.replacing(at: offset, with: [value]))
                }
            }
        }
    }

    /// Everything that looks at octets which were not checked before.
    private func parse(_ bytes: [UInt8], _ note: Comment? = nil) throws {
        _ = VirtioNetHeader(reading: bytes.octets)
        _ = UnfinishedTransport(bytes.octets)
        if let segmentation = Segmentation(bytes, size: 7) {
            try #require(segmentation.packets(of: bytes).hasOnly { $0.headerSum == 0xffff }, note)
        }
        if let fragmentation = Fragmentation(bytes, limit: 68) {
            try #require(fragmentation.fragments(of: bytes).hasOnly { $0.headerSum == 0xffff }, note)
        }
        var message = [UInt8](repeating: 0, count: ICMPv4Error.maximumLength)
        let length = changing(&message) { span -> Int? in
            guard let quote = IPv4Quote(bytes.octets) else { return nil }
            _ = quote.isUseful
            return ICMPv4Error.hostUnreachable.write(about: quote, to: &span)
        }
        if let length { try #require(Array(message.prefix(length)).headerSum == 0xffff, note) }
        if let packet = try? IPv4Packet(bytes.octets) {
            _ = packet.mayBeAnswered
            _ = packet.hasValidHeaderChecksum
            _ = clamp(octets(packet.bytes), to: 0)
        }
    }
}
