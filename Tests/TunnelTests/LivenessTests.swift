// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import Tunnel

struct LivenessTests {
    /// A peer that expectations may change.
    private final class Peer {
        private var liveness: Liveness
        var state: Liveness.State { liveness.state }
        var roundTrip: UInt64? { liveness.roundTrip }
        var lossPercent: Int? { liveness.lossPercent }
        var dueAt: UInt64 { liveness.dueAt }

        init(_ liveness: Liveness) { self.liveness = liveness }

        func look(at now: UInt64) -> UInt16? { liveness.look(at: now) }
        func heard(at now: UInt64) { liveness.heard(at: now) }
        func answered(_ number: UInt16, after microseconds: UInt64, at now: UInt64) -> Bool {
            liveness.answered(number, after: microseconds, at: now)
        }
    }

    /// Asked after ten seconds, gone after three questions.
    private func peer() -> Peer { Peer(Liveness(Liveness.Rhythm(interval: 10_000, misses: 3), from: 1_000)) }

    @Test func `a peer that was never heard is unknown until enough questions stayed without a reply`() {
        let peer = peer()
        #expect(peer.look(at: 999) == nil)
        #expect(peer.look(at: 1_000) == 1)
        #expect(peer.look(at: 10_999) == nil)
        #expect(peer.state == .unknown && peer.lossPercent == nil)
        #expect(peer.look(at: 11_000) == 2)
        #expect(peer.look(at: 21_000) == 3)
        #expect(peer.state == .unknown && peer.lossPercent == 100)
        #expect(peer.look(at: 31_000) == 4)
        #expect(peer.state == .down)
    }

    @Test func `traffic is a sign of life, and nobody asks while there is some`() {
        let peer = peer()
        for second in 0..<100 as Range<UInt64> {
            peer.heard(at: second * 1_000)
            #expect(peer.look(at: second * 1_000 + 999) == nil)
        }
        #expect(peer.state == .up && peer.roundTrip == nil && peer.lossPercent == nil)
        #expect(peer.dueAt == 109_000)
    }

    @Test func `a reply proves the peer, and says how long it took`() {
        let peer = peer()
        #expect(peer.look(at: 1_000) == 1)
        #expect(peer.answered(1, after: 800, at: 1_001))
        #expect(peer.state == .up && peer.roundTrip == 800 && peer.lossPercent == 0 && peer.dueAt == 11_001)
        #expect(peer.look(at: 11_001) == 2)
        #expect(peer.answered(2, after: 1_600, at: 11_003))
        #expect(peer.roundTrip == 900)
    }

    @Test func `a reply to nothing, to another question, or twice proves nothing`() {
        let peer = peer()
        #expect(!peer.answered(0, after: 1, at: 1) && peer.state == .unknown)
        #expect(peer.look(at: 1_000) == 1)
        #expect(!peer.answered(2, after: 1, at: 1_001))
        #expect(peer.answered(1, after: 5, at: 1_001))
        #expect(!peer.answered(1, after: 900, at: 1_002))
        #expect(peer.roundTrip == 5)
        #expect(peer.look(at: 20_000) == 2)
        #expect(peer.look(at: 30_000) == 3)
        #expect(!peer.answered(2, after: 1, at: 30_001), "too late: it was counted as lost")
        #expect(peer.state == .degraded)
    }

    @Test func `a peer that falls silent is degraded, then down, and up again with the first packet`() {
        let peer = peer()
        peer.heard(at: 1_000)
        #expect(peer.look(at: 11_000) != nil && peer.state == .up)
        #expect(peer.look(at: 21_000) != nil && peer.state == .degraded)
        #expect(peer.look(at: 31_000) != nil && peer.state == .degraded)
        #expect(peer.look(at: 41_000) != nil && peer.state == .down)
        #expect(peer.look(at: 51_000) != nil && peer.state == .down)
        peer.heard(at: 51_500)
        #expect(peer.state == .up && peer.lossPercent == nil)
    }

    @Test func `who loses more than a fifth of the replies is degraded, until that is forgotten`() {
        let peer = peer()
        var now: UInt64 = 1_000
        func ask(isAnswered: Bool) {
            guard let number = peer.look(at: now) else { return }
            if isAnswered { _ = peer.answered(number, after: 100, at: now + 1) }
            now = peer.dueAt
        }
        for round in 0..<20 { ask(isAnswered: round % 2 == 0) }
        ask(isAnswered: true)
        #expect(peer.state == .degraded)
        for _ in 0..<Liveness.window { ask(isAnswered: true) }
        #expect(peer.state == .up && peer.lossPercent == 0)
    }

    @Test func `a reply that is missing among traffic is a loss, and no silence`() {
        let peer = peer()
        #expect(peer.look(at: 1_000) == 1)
        peer.heard(at: 2_000)
        #expect(peer.look(at: 12_000) == 2)
        #expect(peer.state == .up && peer.lossPercent == 100)
        #expect(peer.look(at: 22_000) == 3)
        #expect(peer.state == .degraded)
    }

    @Test func `who is heard for long without being asked is up, whatever he missed before`() {
        let peer = Peer(Liveness(Liveness.Rhythm(interval: 10_000, misses: 10), from: 0))
        peer.heard(at: 0)
        for question in 1...6 as ClosedRange<UInt64> { #expect(peer.look(at: question * 10_000) != nil) }
        for second in 61..<75 as Range<UInt64> { peer.heard(at: second * 1_000) }
        #expect(peer.state == .degraded)
        for second in 75..<90 as Range<UInt64> { peer.heard(at: second * 1_000) }
        #expect(peer.state == .up && peer.lossPercent == nil)
    }

    @Test func `the number of a question goes round`() {
        let peer = Peer(Liveness(Liveness.Rhythm(interval: 1, misses: 1), from: 0))
        for moment in 0..<70_000 as Range<UInt64> {
            let number = peer.look(at: moment)
            #expect(number == UInt16(truncatingIfNeeded: moment + 1))
        }
    }
}
