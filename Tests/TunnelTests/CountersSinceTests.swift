// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct CountersSinceTests {
    static let peer = PeerIndex(rawValue: 0)

    /// What one peer's entry says now.
    private static func entry(_ counters: borrowing Counters) -> Counters.Entry { counters.snapshot().peers[0] }

    @Test func `what came later is what is left`() {
        let counters = Counters(peerCount: 1)
        let writer = counters.writer
        writer.delivered(octets: 100, peer: Self.peer, at: 5)
        writer.dropped(.loop, peer: Self.peer)
        writer.dropped(.martian, peer: Self.peer)
        writer.error(7, peer: Self.peer)
        let before = Self.entry(counters)
        writer.delivered(octets: 20, peer: Self.peer, at: 9)
        writer.delivered(octets: 1, peer: Self.peer, at: 9)
        writer.dropped(.loop, peer: Self.peer)
        writer.dropped(.truncated, peer: Self.peer)
        writer.error(8, peer: Self.peer)
        let later = Self.entry(counters).since(before)
        #expect((later.delivered, later.deliveredOctets, later.lastDelivered) == (2, 21, 9))
        #expect(later.drops == [.loop: 1, .truncated: 1])
        #expect((later.errors, later.lastError) == (1, 8))
    }

    @Test func `of what came before nothing is left, not even when or what it was`() {
        let counters = Counters(peerCount: 1)
        counters.writer.delivered(octets: 100, peer: Self.peer, at: 5)
        counters.writer.dropped(.loop, peer: Self.peer)
        counters.writer.error(7, peer: Self.peer)
        let entry = Self.entry(counters)
        #expect(entry.since(entry) == Self.entry(Counters(peerCount: 1)))
    }

    @Test func `since the beginning it is everything`() {
        let counters = Counters(peerCount: 1)
        let beginning = Self.entry(counters)
        counters.writer.delivered(octets: 100, peer: Self.peer, at: 5)
        counters.writer.dropped(.loop, peer: Self.peer)
        #expect(Self.entry(counters).since(beginning) == Self.entry(counters))
    }
}
