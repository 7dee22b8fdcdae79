// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct RandomSegmentationTests {
    @Test func `random TCP superpackets become what a naive reference makes of them`() throws {
        var random = SplitMix64()
        for _ in 0..<150 {
            let packet = random.packet()
            let tcp = random.tcp()
            let size = Int.random(in: 1...max(1, tcp.payload.count), using: &random)
            guard tcp.payload.count / size < 500 else { continue }
            let whole = packet.carryingUnfinished(tcp)
            let segmentation = try #require(Segmentation(whole, size: size), random.note)
            let packets = segmentation.packets(of: whole)
            try #require(packets == segments(of: packet, tcp, size: size), random.note)
            try check(packets, of: tcp.payload, segmentation, random.note)
        }
    }

    @Test func `random UDP superpackets become what a naive reference makes of them`() throws {
        var random = SplitMix64()
        for _ in 0..<150 {
            let packet = random.packet()
            let udp = BuiltUDP(payload: random.bytes(Int.random(in: 0...5_000, using: &random)))
            let size = Int.random(in: 1...max(1, udp.payload.count), using: &random)
            guard udp.payload.count / size < 500 else { continue }
            let whole = packet.carryingUnfinished(udp)
            let segmentation = try #require(Segmentation(whole, size: size), random.note)
            let packets = segmentation.packets(of: whole)
            try #require(packets == segments(of: packet, udp, size: size), random.note)
            try check(packets, of: udp.payload, segmentation, random.note)
        }
    }

    /// What holds whatever the reference says: payload complete and in order, every packet right by itself.
    private func check(
        _ packets: [[UInt8]], of payload: [UInt8], _ segmentation: Segmentation, _ note: Comment
    ) throws {
        try #require(packets.flatMap { $0[segmentation.headerLength...] } == payload, note)
        try #require(packets.hasOnly { Int($0.word(at: 2)) == $0.count }, note)
        try #require(packets.hasOnly { $0.headerSum == 0xffff && $0.transportSum == 0xffff }, note)
        try #require(packets.map(\.count).max() == segmentation.longestLength, note)
        let full = [Int](repeating: segmentation.longestLength, count: packets.count - 1)
        try #require(packets.dropLast().map(\.count) == full, note)
    }
}

extension SplitMix64 {
    /// An IP header with any fields that a whole packet may have.
    fileprivate mutating func packet() -> BuiltPacket {
        BuiltPacket(
            trafficClass: UInt8(truncatingIfNeeded: next()), identification: UInt16(truncatingIfNeeded: next()),
            fragment: Bool.random(using: &self) ? 0x4000 : 0, ttl: UInt8(truncatingIfNeeded: next()),
            source: bytes(4), destination: bytes(4), options: bytes(4 * Int.random(in: 0...10, using: &self)))
    }

    fileprivate mutating func tcp() -> BuiltTCP {
        BuiltTCP(
            sequence: UInt32(truncatingIfNeeded: next()), acknowledgement: UInt32(truncatingIfNeeded: next()),
            flags: UInt8(truncatingIfNeeded: next()), options: bytes(4 * Int.random(in: 0...10, using: &self)),
            payload: bytes(Int.random(in: 0...5_000, using: &self)))
    }
}
