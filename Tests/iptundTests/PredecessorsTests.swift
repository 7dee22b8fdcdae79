// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct PredecessorsTests {
    private static func place(_ number: UInt32) -> PeerIndex { PeerIndex(rawValue: number) }

    @Test func `a peer owns what was counted since it came, in each direction`() {
        let out = Counters(peerCount: 2)
        let back = Counters(peerCount: 2)
        for peer in 0...1 as ClosedRange<UInt32> {
            out.writer.delivered(octets: 10, peer: Self.place(peer), at: 5)
            back.writer.dropped(.innerSource, peer: Self.place(peer))
        }
        var predecessors = Predecessors()
        predecessors.note(1, (out.snapshot(), back.snapshot()))
        for peer in 0...1 as ClosedRange<UInt32> {
            out.writer.delivered(octets: 7, peer: Self.place(peer), at: 6)
            back.writer.dropped(.innerSource, peer: Self.place(peer))
        }
        let counted = (encapsulated: out.snapshot(), decapsulated: back.snapshot())
        let (first, second) = (predecessors.own(0, counted), predecessors.own(1, counted))
        #expect((first.sent.delivered, first.sent.deliveredOctets, first.received.dropped) == (2, 17, 2))
        #expect((second.sent.delivered, second.sent.deliveredOctets, second.received.dropped) == (1, 7, 1))
    }

    @Test func `of several that came after each other the last one counts`() {
        let counters = Counters(peerCount: 1)
        var predecessors = Predecessors()
        for _ in 1...3 {
            counters.writer.delivered(octets: 10, peer: Self.place(0), at: 5)
            predecessors.note(0, (counters.snapshot(), counters.snapshot()))
        }
        let counted = (encapsulated: counters.snapshot(), decapsulated: counters.snapshot())
        #expect(predecessors.own(0, counted).sent.delivered == 0)
        #expect(predecessors.own(0, counted).received.lastDelivered == 0)
    }

    @Test func `a place that nothing was counted at yet has no predecessor`() {
        let few = Counters(peerCount: 1)
        let many = Counters(peerCount: 3)
        var predecessors = Predecessors()
        predecessors.note(2, (few.snapshot(), few.snapshot()))
        many.writer.delivered(octets: 10, peer: Self.place(2), at: 5)
        let counted = (encapsulated: many.snapshot(), decapsulated: many.snapshot())
        #expect(predecessors.own(2, counted).sent.delivered == 1)
    }
}
