// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct CountersSnapshotTests {
    @Test func `when all is quiet, received is delivered and dropped together`() {
        var random = SplitMix64()
        let peers = 5
        let counters = Counters(peerCount: peers)
        let writer = counters.writer
        var delivered: [UInt64] = [UInt64](repeating: 0, count: peers)
        var drops = [[Drop: UInt64]](repeating: [:], count: peers + 1)
        for _ in 0..<2_000 {
            writer.received(1)
            let place = Int.random(in: 0...peers, using: &random)
            let peer = place == peers ? nil : PeerIndex(rawValue: UInt32(place))
            if let peer, Bool.random(using: &random) {
                writer.delivered(octets: 20, peer: peer, at: 1)
                delivered[place] += 1
            } else {
                let drop = Drop.allCases.randomElement(using: &random) ?? .loop
                writer.dropped(drop, peer: peer)
                drops[place][drop, default: 0] += 1
            }
        }
        let snapshot = counters.snapshot()
        #expect(snapshot.received == 2_000, random.note)
        #expect(snapshot.received == snapshot.delivered + snapshot.dropped, random.note)
        #expect(snapshot.peers.map(\.delivered) == delivered, random.note)
        #expect(snapshot.peers.map(\.deliveredOctets) == delivered.map { $0 * 20 }, random.note)
        #expect(snapshot.peers.map(\.drops) + [snapshot.interface.drops] == drops, random.note)
    }

    @Test func `snapshots of counters at rest are equal`() {
        let counters = Counters(peerCount: 2)
        counters.writer.delivered(octets: 20, peer: Example.first, at: 5)
        #expect(counters.snapshot() == counters.snapshot())
        let before = counters.snapshot()
        counters.writer.received(1)
        #expect(counters.snapshot() != before)
    }
}
