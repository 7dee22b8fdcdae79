// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Whatever arrives: no trap, and a named drop or a packet that lies inside of what arrived.
@Suite struct RandomPacketTests {
    private let tunnel: TestTunnel

    init() throws {
        tunnel = try TestTunnel(policy: OuterPolicy(ttl: .inherit, fragmentation: .copy), pathMTU: 1500)
    }

    @Test func `random octets of every length up to 100`() throws {
        var random = SplitMix64()
        var bench = Bench()
        for length in 0...100 {
            for round in 0..<25 {
                var packet = random.bytes(length)
                // Random octets hardly ever start like a packet: help some of them over the first checks.
                if length >= 20, round > 10 { packet.replaceSubrange(0..<4, with: [0x45, 0, 0, UInt8(length)]) }
                if length >= 20, round > 20 {
                    packet.replaceSubrange(6..<20, with: TestPacket.outer(around: []).bytes()[6...])
                }
                try checkEncapsulation(of: packet, in: &bench, &random)
                try checkDecapsulation(of: packet, in: &bench, &random)
            }
        }
    }

    @Test func `mutations of a packet that was routed into the device`() throws {
        var random = SplitMix64()
        var bench = Bench()
        let original = TestPacket.outbound.bytes()
        for _ in 0..<7_000 { try checkEncapsulation(of: random.mutation(of: original), in: &bench, &random) }
    }

    @Test func `mutations of a packet that came from the network`() throws {
        var random = SplitMix64()
        var bench = Bench()
        let original = TestPacket.inbound.wrapped()
        for _ in 0..<7_000 { try checkDecapsulation(of: random.mutation(of: original), in: &bench, &random) }
    }

    @Test func `mutations of the inner packet alone, so that the outer one is always good`() throws {
        var random = SplitMix64()
        var bench = Bench()
        let original = TestPacket.inbound.bytes()
        for _ in 0..<3_000 {
            let packet = TestPacket.outer(around: random.mutation(of: original)).bytes()
            try checkDecapsulation(of: packet, in: &bench, &random)
        }
    }

    @Test func `mutations of connection requests, whose segment size is lowered`() throws {
        var random = SplitMix64()
        var bench = Bench()
        (tunnel.encapsulation.clamp, tunnel.decapsulation.clamp) = (.fixed(1), .auto)
        let sent = TestPacket.syn(maximumSegmentSize: 1460, from: Example.ours, to: Example.firsts)
        let received = TestPacket.syn(maximumSegmentSize: 1460, from: Example.firsts, to: Example.ours)
        for _ in 0..<3_000 {
            var (outbound, inbound) = (sent, received)
            let (place, value) = (Int(random.next() % 24), UInt8(truncatingIfNeeded: random.next()))
            (outbound.payload[place], inbound.payload[place]) = (value, value)
            outbound.payload.removeLast(Int(random.next() % 8))
            let outcomes = [
                bench.encapsulate(outbound.bytes(), by: tunnel), bench.decapsulate(inbound.wrapped(), by: tunnel),
            ]
            try #require(outcomes.hasOnly { $0.drop == nil }, random.note)
            // Addresses, ports and length are as they were.
            for (outcome, packet) in zip(outcomes, [outbound, inbound]) {
                try #require(outcome.bytes.prefix(24) == packet.bytes().prefix(24), random.note)
                try #require(outcome.bytes.count == packet.bytes().count, random.note)
            }
        }
    }

    private func checkEncapsulation(of packet: [UInt8], in bench: inout Bench, _ random: inout SplitMix64) throws {
        // Most packets are short: some ways are narrower than that.
        tunnel.setPathMTU(random.next() % 4 == 0 ? 68 : 1500)
        let segmentSize = random.next() % 8 == 0 ? Int(random.next() % 40) : 0
        var state = ChecksumState.unknown
        if random.next().isMultiple(of: 4) {
            let (start, offset) = (random.next() % 120, random.next() % 40)
            state = .partial(start: UInt16(start), offset: UInt16(offset))
        }
        let outcome = bench.encapsulate(packet, by: tunnel, checksum: state, segmentSize: segmentSize)
        try #require(isInside(outcome, packet), "\(packet), \(random.note)")
        guard outcome.drop == nil else { return }
        let isComplete = outcome.start == 0 && outcome.peer != nil && outcome.outer != nil && outcome.bytes.count >= 20
        try #require(
            try outcome.outerPackets().hasOnly { (20...1500).contains($0.count) }, "\(packet), \(random.note)")
        try #require(isComplete, "\(packet), \(random.note)")
        if state == .unknown { try #require(packet.starts(with: outcome.bytes), "\(packet), \(random.note)") }
    }

    private func checkDecapsulation(of packet: [UInt8], in bench: inout Bench, _ random: inout SplitMix64) throws {
        let outcome = bench.decapsulate(packet, by: tunnel)
        try #require(isInside(outcome, packet), "\(packet), \(random.note)")
        guard outcome.drop == nil else { return }
        let isComplete = outcome.start >= 20 && outcome.peer != nil && outcome.bytes.count >= 20
        try #require(isComplete, "\(packet), \(random.note)")
        // Only ECN and the checksum may differ from what arrived, and the checksum is right.
        let arrived = packet[outcome.start..<outcome.start + outcome.bytes.count]
        let changed = zip(arrived, outcome.bytes).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
        let header = outcome.bytes.prefix(Int(outcome.bytes[0] & 0xf) * 4)
        try #require(Set(changed).isSubset(of: [1, 10, 11]) && naiveSum(header) == 0xffff, "\(packet), \(random.note)")
    }

    private func isInside(_ outcome: Outcome, _ packet: [UInt8]) -> Bool {
        outcome.fate == .pending && outcome.start >= 0 && outcome.start + outcome.bytes.count <= packet.count
    }
}

extension SplitMix64 {
    /// The packet with a few octets changed, cut off, or added; half of the time with a header checksum that fits.
    fileprivate mutating func mutation(of packet: [UInt8]) -> [UInt8] {
        var mutated = packet
        for _ in 0..<1 + next() % 3 {
            switch next() % 8 {
            case 0: mutated.removeLast(Int(next() % UInt64(mutated.count + 1)))
            case 1: mutated += bytes(Int(next() % 30))
            default:
                guard !mutated.isEmpty else { break }
                // Mostly in the first header, where the rules look.
                let offset = Int(next() % UInt64(next() % 4 == 0 ? mutated.count : min(20, mutated.count)))
                mutated[offset] = UInt8(truncatingIfNeeded: next())
            }
        }
        let headerLength = Int((mutated.first ?? 0) & 0xf) * 4
        if next() % 2 == 0, headerLength >= 20, mutated.count >= headerLength {
            mutated.replaceSubrange(10..<12, with: [0, 0])
            mutated.replaceSubrange(10..<12, with: (~naiveSum(mutated[..<headerLength])).octets)
        }
        return mutated
    }
}
