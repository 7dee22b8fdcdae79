// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
@testable import iptund

@Suite struct RepairBookTests {
    private static let change = HostChange.up(.tunnel)

    /// When a thing is made again that somebody removes every `pace` milliseconds until `end`, from the moment on at which it
    /// is missing.
    private func repairs(every pace: UInt64, until end: UInt64, _ book: inout RepairBook) -> [UInt64] {
        var repairs: [UInt64] = []
        var (isMissing, nextRemoval): (Bool, UInt64) = (false, 0)
        for now in stride(from: 0, through: end, by: 50) {
            if now >= nextRemoval {
                isMissing = true
                nextRemoval = now + pace
            }
            guard isMissing, book.judge(Self.change, at: now) else { continue }
            book.repaired()
            repairs.append(now)
            isMissing = false
        }
        return repairs
    }

    @Test func `ten removals within ten seconds are mended at once`() {
        var book = RepairBook()
        let repairs = repairs(every: 1_100, until: 60_000, &book)
        #expect(repairs == Array(stride(from: 0, through: 60_000, by: 1_100)))
        #expect(book.contested(at: 60_000) == nil)
        #expect(book.count == UInt64(repairs.count))
    }

    @Test func `more are mended after 0, 1, 2, 4 and more seconds, never later than after 30`() {
        var book = RepairBook()
        let repairs = repairs(every: 100, until: 200_000, &book)
        #expect(repairs.prefix(11) == Array(stride(from: 0, through: 1_000, by: 100))[...])
        let pauses = zip(repairs.dropFirst(11), repairs.dropFirst(10)).map { $0 - $1 }
        // One removal is found a tenth of a second after each repair.
        #expect(pauses.prefix(7) == [100, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000])
        #expect(pauses.dropFirst(7).hasOnly { $0 == 30_000 })
        #expect(book.contested(at: 200_000) == Self.change.subject)
    }

    @Test func `it is contested until nothing was removed for a minute, and begins anew then`() {
        var book = RepairBook()
        _ = repairs(every: 100, until: 2_000, &book)
        let last = (0...2_000).last { $0 % 100 == 0 } ?? 0
        #expect(book.contested(at: UInt64(last)) != nil)
        let isMade = book.judge(Self.change, at: 30_000)
        #expect(isMade)
        #expect(book.contested(at: 60_000) != nil)
        #expect(book.contested(at: 90_001) == nil)
        #expect(book.next == nil)
        #expect(repairs(every: 100, until: 900, &book).count == 10)
    }

    @Test func `one thing that is contested keeps no other one waiting`() {
        var book = RepairBook()
        _ = repairs(every: 100, until: 10_000, &book)
        let isMade = book.judge(.noCommonRedirects, at: 10_000)
        #expect(isMade)
    }

    @Test func `a barrier of a kill switch never waits`() {
        var book = RepairBook()
        let barrier = HostChange.route(
            .unreachable(block("10.9.0.0/16"), protocolNumber: 203, metric: WantedState.barrierMetric), on: .none)
        for now in 0..<1_000 {
            let isMade = book.judge(barrier, at: UInt64(now) * 10)
            #expect(isMade)
        }
        #expect(book.contested(at: 10_000) == barrier.subject)
    }

    @Test func `what leads to a barrier does not wait either`() {
        var book = RepairBook()
        for now in 0..<1_000 {
            let isMade = book.judge(Self.change, isUrgent: true, at: UInt64(now) * 10)
            #expect(isMade)
        }
        #expect(book.contested(at: 10_000) == Self.change.subject)
    }

    @Test func `what waits says until when`() {
        var book = RepairBook()
        for moment in 0...11 { _ = book.judge(Self.change, at: UInt64(moment)) }
        let isMade = book.judge(Self.change, at: 12)
        #expect(!isMade)
        #expect(book.next == 1_011)
    }
}
