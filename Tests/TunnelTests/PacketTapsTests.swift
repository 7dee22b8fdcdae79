// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// What is written down of packets, with real rules between.
@Suite struct PacketTapsTests {
    private static let time: UInt64 = 0x0006_0102_0304_0506
    private let tunnel: TestTunnel

    init() throws { tunnel = try TestTunnel(pathMTU: 1500) }

    /// What is written down of `packets`, of which each goes through the rules of `direction`. A `fate` is what the sink made
    /// of those that the rules let through.
    private func records(
        _ packets: [[UInt8]], _ direction: Direction, _ wants: Tap.Wants = .all, snapLength: Int = 65_535,
        beside other: Int? = nil, fate: PacketSlot.Fate = .delivered, _ prepare: (inout PacketSlot) -> Void = { _ in }
    ) throws -> [PacketRecord] {
        let ring = RecordRing(octets: 1 << 20)
        var taps = PacketTaps(capacity: 8)
        let others = other.map { [Tap(wants, snapLength: $0, ring: RecordRing(octets: 1 << 20))] } ?? []
        taps.replace(by: others + [Tap(wants, snapLength: snapLength, ring: ring)])
        var batch = PacketBatch(capacity: 8)
        for (index, packet) in packets.enumerated() {
            batch[index].copy(packet.octets)
            prepare(&batch[index])
        }
        batch.setCount(packets.count)
        taps.note(batch, at: Self.time)
        for index in batch.indices {
            do throws(Drop) {
                switch direction {
                case .encapsulate: try tunnel.encapsulation.apply(to: &batch[index], at: Example.now)
                case .decapsulate: try tunnel.decapsulation.apply(to: &batch[index], at: Example.now)
                }
                batch[index].fate = fate
                if case .failed = fate { taps.dropped(.deviceDown, at: index) }
            } catch {
                batch[index].fate = .dropped
                taps.dropped(error, at: index)
            }
        }
        taps.write(batch, direction)
        return try read(ring, snapLength)
    }

    private func read(_ ring: RecordRing, _ snapLength: Int) throws -> [PacketRecord] {
        let all = ring.take(.max, upTo: ring.end)
        var (records, place): ([PacketRecord], Int) = ([], 0)
        while place < all.count {
            let rest = all.octets.extracting(place..<all.count)
            let length = try #require(try PacketRecord.length(rest))
            records.append(try PacketRecord(rest.extracting(first: length), snapLength: snapLength))
            place += length
        }
        return records
    }

    @Test func `a packet on its way out is seen as it was read, and in the outer packet that it goes in`() throws {
        let inner = TestPacket.outbound.bytes()
        let record = try #require(try records([inner], .encapsulate).first)
        #expect(record.time == Self.time && record.direction == .encapsulate && record.drop == nil)
        #expect(record.peer == Example.first && record.form == .whole)
        #expect(record.came == PacketRecord.View(octets: inner, length: inner.count))
        let went = try #require(record.went)
        #expect(went.length == inner.count + 20)
        #expect(Array(went.octets.dropFirst(20)) == inner)
        // The outer header: length, DF, TTL, protocol 4, no checksum yet, source, destination.
        #expect(
            Array(went.octets.prefix(20))
                == hex("45 00 0030 0000 4000 40 04 0000 c0000201 c6336402"))
    }

    @Test func `a packet on its way in is seen as it arrived, and as it is handed to the host`() throws {
        let inner = TestPacket.inbound.with { $0.trafficClass = 2 }
        // A router marked congestion outside, which the rules write onto the inner packet.
        let outer = inner.wrapped(trafficClass: 3)
        let record = try #require(try records([outer], .decapsulate).first)
        #expect(record.direction == .decapsulate && record.peer == Example.first)
        #expect(record.came == PacketRecord.View(octets: outer, length: outer.count))
        let marked = inner.with { $0.trafficClass = 3 }.bytes()
        #expect(record.went == PacketRecord.View(octets: marked, length: marked.count))
    }

    @Test func `a dropped packet is seen as it came, wherever the rules were`() throws {
        let spoofed = TestPacket.inbound.with { $0.source = Example.seconds }.sized(700).wrapped()
        let stranger = TestPacket.inbound.wrapped(from: Example.ours)
        let short: [UInt8] = [0x45, 0, 0]
        let seen = try records([spoofed, stranger, short], .decapsulate)
        #expect(seen.map(\.drop) == [.innerSource, .notPeer, .outerMalformed])
        #expect(seen.map(\.came.octets) == [spoofed, stranger, short])
        #expect(seen.map(\.peer) == [Example.first, nil, nil])
        #expect(seen.hasOnly { $0.went == nil })
    }

    @Test func `what the sink could not deliver is dropped too`() throws {
        let outer = TestPacket.inbound.sized(900).wrapped()
        let seen = try records([outer], .decapsulate, .drops, fate: .failed(5))
        #expect(seen.map(\.drop) == [.deviceDown])
        #expect(seen.map(\.came.octets) == [outer])
    }

    @Test(arguments: [96, 150, 1_000]) func `whoever else captures, and however little, changes nothing`(other: Int)
        throws
    {
        let inner = TestPacket.outbound.sized(400).bytes()
        let alone = try records([inner], .encapsulate)
        #expect(try records([inner], .encapsulate, beside: other) == alone)
        #expect(alone.first?.came.octets == inner)
    }

    @Test func `who wants drops sees nothing else`() throws {
        let spoofed = TestPacket.inbound.with { $0.source = Example.seconds }.wrapped()
        let seen = try records(
            [TestPacket.inbound.wrapped(), spoofed, TestPacket.inbound.wrapped()], .decapsulate, .drops)
        #expect(seen.map(\.drop) == [.innerSource])
    }

    @Test(arguments: [96, 150, 192, 250, 1_000])
    func `no more is kept of a packet than was asked for, and its length is known`(snapLength: Int) throws {
        let inner = TestPacket.inbound.sized(1_200)
        let spoofed = inner.with { $0.source = Example.seconds }
        let seen = try records([inner.wrapped(), spoofed.wrapped()], .decapsulate, snapLength: snapLength)
        try #require(seen.count == 2)
        for (record, packet) in zip(seen, [inner, spoofed]) {
            #expect(record.came.octets == Array(packet.wrapped().prefix(snapLength)))
            #expect(record.came.length == 1_220)
        }
        #expect(seen[0].went?.octets == Array(inner.bytes().prefix(snapLength)))
        #expect(seen[0].went?.length == 1_200)
        let outward = TestPacket.outbound.sized(1_200)
        let sent = try #require(try records([outward.bytes()], .encapsulate, snapLength: snapLength).first)
        #expect(sent.came.octets == Array(outward.bytes().prefix(snapLength)))
        #expect(sent.went?.octets.count == snapLength)
        #expect(sent.went.map { Array($0.octets.dropFirst(20)) } == Array(outward.bytes().prefix(snapLength - 20)))
        #expect(sent.went?.length == 1_220)
    }

    @Test func `what goes as fragments says so`() throws {
        let long = TestPacket.outbound.sized(1_490)
        #expect(try records([long.bytes()], .encapsulate).map(\.form) == [.innerFragments])
    }

    @Test func `what goes on as the packets that it stands for is left to them`() throws {
        #expect(try records([TestPacket.outbound.bytes()], .encapsulate, fate: .apart).isEmpty)
    }

    @Test func `nobody captures at first, and nobody after the last one has gone`() {
        var taps = PacketTaps(capacity: 1)
        var isOpen = [taps.isOpen]
        taps.replace(by: [Tap(.all, snapLength: 96, ring: RecordRing(octets: 1_024))])
        isOpen.append(taps.isOpen)
        taps.replace(by: [])
        isOpen.append(taps.isOpen)
        #expect(isOpen == [false, true, false])
    }

    @Test func `octets that nobody wrote are no record, or a record, and never a trap`() {
        var random = SplitMix64()
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...300, using: &random)
            var octets = random.bytes(length)
            // Random octets hardly ever say how many they are.
            if length >= 36 {
                octets.replaceSubrange(0..<4, with: [0, 0, UInt8(length >> 8), UInt8(length & 0xff)])
                octets[24] = 0
                if Bool.random(using: &random) { octets[29] = 255 }
                octets[30] &= 3
            }
            guard let record = try? PacketRecord(octets.octets, snapLength: 100) else { continue }
            #expect(record.came.octets.count <= 100 && (record.went?.octets.count ?? 0) <= 100, random.note)
        }
    }
}
