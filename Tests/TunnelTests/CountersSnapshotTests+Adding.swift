// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// What several workers counted together.
extension CountersSnapshotTests {
    private static let peers = (0..<2).map { PeerIndex(rawValue: $0) }

    @Test func `amounts are added, of moments the last one counts, and errors have one reader only`() {
        let one = Counters(peerCount: 2)
        let other = Counters(peerCount: 2)
        one.writer.received(3)
        one.writer.delivered(octets: 100, peer: Self.peers[0], at: 2_000)
        one.writer.dropped(.martian, peer: Self.peers[1])
        one.writer.error(0x0301, peer: Self.peers[1])
        one.writer.count(.superpackets, 4)
        other.writer.received(5)
        other.writer.delivered(octets: 10, peer: Self.peers[0], at: 1_000)
        other.writer.dropped(.martian, peer: Self.peers[1])
        other.writer.dropped(.notPeer, peer: nil)
        other.writer.count(.superpackets, 1)
        let sum = Counters.Snapshot(adding: [one.snapshot(), other.snapshot()])
        #expect(sum.received == 8)
        #expect(sum[.superpackets] == 5)
        #expect(sum.delivered == 2)
        #expect(sum.peers[0].deliveredOctets == 110)
        #expect(sum.peers[0].lastDelivered == 2_000)
        #expect(sum.peers[1].drops == [.martian: 2])
        #expect(sum.peers[1].lastError == 0x0301)
        #expect(sum.peers[1].errors == 1)
        #expect(sum.interface.drops == [.notPeer: 1])
    }

    @Test func `one alone is its own sum`() {
        let counters = Counters(peerCount: 2)
        for (times, tally) in Counters.Tally.allCases.enumerated() { counters.writer.count(tally, times) }
        for drop in Drop.allCases { counters.writer.dropped(drop, peer: Self.peers[1]) }
        let snapshot = counters.snapshot()
        #expect(Counters.Snapshot(adding: [snapshot]) == snapshot)
    }
}
