// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing
import Tunnel
@testable import iptund

struct LivenessBookTests {
    private typealias Hearing = LivenessBook.Hearing
    private typealias Question = LivenessBook.Question

    private func reply(_ number: UInt16, _ proof: TunnelReport.Proof = .bothLegs) -> Prober.Answer {
        Prober.Answer(place: 0, number: number, microseconds: 700, proof: proof)
    }

    @Test func `where nobody is asked, who was heard within a minute is up, and else nothing is known`() {
        let book = LivenessBook(nil)
        #expect(book.next == nil && !book.isDue(at: 1 << 40))
        #expect(book.standing(0, heard: 1_000, at: 60_999) == .init(state: .up))
        #expect(book.standing(0, heard: 1_000, at: 61_000) == .init(state: .unknown))
        #expect(book.standing(0, heard: 0, at: 5) == .init(state: .unknown))
    }

    @Test func `several peers are not asked in the same moment`() {
        var book = LivenessBook(Keepalive(seconds: 10))
        let silent = [3, 5].map { Hearing(place: $0, at: 0) }
        #expect(book.isDue(at: 0))
        #expect(book.look(silent, at: 100) == [Question(place: 3, number: 1)])
        #expect(book.look(silent, at: 5_100) == [Question(place: 5, number: 1)])
        #expect(book.look(silent, at: 10_100) == [Question(place: 3, number: 2)])
    }

    @Test func `a peer that is not up is looked at each second, since traffic of it is a sign of life`() {
        var book = LivenessBook(Keepalive(seconds: 3_600, misses: 1))
        _ = book.look([Hearing(place: 0, at: 0)], at: 1_000)
        #expect(book.next == 2_000)
        #expect(book.look([Hearing(place: 0, at: 1_900)], at: 2_000) == [])
        #expect(book.next == 1_900 + 3_600_000)
        #expect(book.standing(0, heard: 1_900, at: 2_000).state == .up)
    }

    @Test func `each change is told once`() {
        var book = LivenessBook(Keepalive(seconds: 1, misses: 1))
        let silent = [Hearing(place: 0, at: 0)]
        _ = book.look(silent, at: 1_000)
        #expect(book.changes() == [])
        book.answered(reply(1, .oneLeg), at: 1_001)
        #expect(book.changes() == [.init(place: 0, old: .unknown, new: .up)])
        #expect(book.changes() == [])
        _ = book.look(silent, at: 2_001)
        _ = book.look(silent, at: 3_001)
        #expect(book.changes() == [.init(place: 0, old: .up, new: .down)])
        #expect(
            book.standing(0, heard: 0, at: 3_001)
                == .init(state: .down, proof: .oneLeg, roundTrip: 700, lossPercent: 50))
    }

    @Test func `a reply that comes after the next question is a loss, and a sign of life`() {
        var book = LivenessBook(Keepalive(seconds: 1, misses: 1))
        let silent = [Hearing(place: 0, at: 0)]
        #expect(book.look(silent, at: 1_000).count == 1)
        #expect(book.look(silent, at: 2_000).count == 1)
        #expect(book.standing(0, heard: 0, at: 2_000).state == .down)
        book.answered(reply(1), at: 2_100)
        #expect(book.standing(0, heard: 0, at: 2_100).state == .up)
    }

    @Test func `another peer at a place is not known, whatever was counted for the one before`() {
        var book = LivenessBook(Keepalive(seconds: 10))
        _ = book.look([Hearing(place: 0, at: 500)], at: 1_000)
        #expect(book.standing(0, heard: 0, at: 1_000).state == .up)
        book.forget(0, heard: 500, at: 2_000)
        #expect(book.look([Hearing(place: 0, at: 500)], at: 2_000) == [Question(place: 0, number: 1)])
        #expect(book.standing(0, heard: 0, at: 2_000).state == .unknown)
    }
}
