// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct NameScheduleTests {
    /// Who is asked for at `now`, if everybody can be.
    private static func asked(_ schedule: inout NameSchedule, at now: UInt64) -> Set<String> {
        var names: Set<String> = []
        schedule.ask(at: now) { name in names.insert(name).inserted }
        return names
    }

    private static func following(_ names: Set<String>, at now: UInt64 = 1_000) -> NameSchedule {
        var schedule = NameSchedule()
        schedule.follow(names, at: now)
        return schedule
    }

    @Test func `a new name is due at once, and not again while its answer is awaited`() {
        var schedule = Self.following(["a", "b"])
        #expect(schedule.next == 1_000)
        #expect(Self.asked(&schedule, at: 999) == [])
        #expect(Self.asked(&schedule, at: 1_000) == ["a", "b"])
        #expect(Self.asked(&schedule, at: 120_999) == [])
        // Whatever became of it: an answer that is lost is lost once.
        #expect(schedule.next == 121_000)
        #expect(Self.asked(&schedule, at: 121_000) == ["a", "b"])
    }

    @Test func `whoever reloads need not wait`() {
        var schedule = Self.following(["a", "b"])
        _ = Self.asked(&schedule, at: 1_000)
        schedule.answered("a", found: true, at: 1_000)
        schedule.askAgain(at: 2_000)
        #expect(Self.asked(&schedule, at: 2_000) == ["a", "b"])
    }

    @Test(arguments: [(true, 300_000), (false, 60_000)] as [(Bool, UInt64)])
    func `who has an address is asked for every five minutes, who has none every minute`(found: Bool, after: UInt64) {
        var schedule = Self.following(["a"])
        _ = Self.asked(&schedule, at: 1_000)
        schedule.answered("a", found: found, at: 5_000)
        #expect(schedule.next == 5_000 + after)
        #expect(Self.asked(&schedule, at: 4_999 + after) == [])
        #expect(Self.asked(&schedule, at: 5_000 + after) == ["a"])
    }

    @Test func `a question that nobody took is put again after a second`() {
        var schedule = Self.following(["a"])
        schedule.ask(at: 2_000) { _ in false }
        #expect(schedule.next == 3_000)
        #expect(Self.asked(&schedule, at: 2_999) == [])
        #expect(Self.asked(&schedule, at: 3_000) == ["a"])
    }

    @Test func `names that go are not asked for, and those that stay keep their time`() {
        var schedule = Self.following(["a", "b"])
        _ = Self.asked(&schedule, at: 1_000)
        schedule.answered("a", found: true, at: 1_000)
        schedule.follow(["a", "c"], at: 2_000)
        #expect(Self.asked(&schedule, at: 2_000) == ["c"])
        // An answer that comes too late is about nobody.
        schedule.answered("b", found: true, at: 2_000)
        schedule.answered("c", found: true, at: 3_000)
        #expect(schedule.next == 301_000)
        schedule.follow([], at: 3_000)
        #expect(schedule.next == nil)
    }

    @Test func `a name whose answer is awaited is not put again because others come`() {
        var schedule = Self.following(["a"])
        _ = Self.asked(&schedule, at: 1_000)
        schedule.follow(["a", "b"], at: 2_000)
        #expect(Self.asked(&schedule, at: 2_000) == ["b"])
    }

    @Test func `the next is the earliest of all`() {
        var schedule = Self.following(["a", "b"])
        _ = Self.asked(&schedule, at: 1_000)
        schedule.answered("a", found: true, at: 1_000)
        #expect(schedule.next == 121_000)
        schedule.answered("b", found: false, at: 1_000)
        #expect(schedule.next == 61_000)
    }
}
