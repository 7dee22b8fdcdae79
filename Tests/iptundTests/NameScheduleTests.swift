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

    @Test func `who has an address is asked for every five minutes`() {
        var schedule = Self.following(["a"])
        _ = Self.asked(&schedule, at: 1_000)
        schedule.answered("a", found: true, at: 5_000)
        #expect(schedule.next == 305_000)
        #expect(Self.asked(&schedule, at: 304_999) == [])
        #expect(Self.asked(&schedule, at: 305_000) == ["a"])
    }

    /// Seconds since it was first asked for, and seconds until it is again.
    @Test(arguments: [(0, 1), (4, 1), (10, 1), (50, 5), (300, 30), (600, 60), (86_400, 60)] as [(UInt64, UInt64)])
    func `who has none is asked for after a tenth of the time that it has had none`(age: UInt64, after: UInt64) {
        var schedule = Self.following(["a"])
        _ = Self.asked(&schedule, at: 1_000)
        schedule.answered("a", found: false, at: 1_000)
        _ = Self.asked(&schedule, at: 2_000)
        let now = 1_000 + age * 1_000
        schedule.answered("a", found: false, at: now)
        #expect(schedule.next == now + after * 1_000)
        // What was found once has failed for no time.
        schedule.answered("a", found: true, at: now)
        _ = Self.asked(&schedule, at: now + 300_000)
        schedule.answered("a", found: false, at: now + 300_000)
        #expect(schedule.next == now + 301_000)
    }

    @Test func `a host that has changed makes due what had no answer, but not more often than each second`() {
        var schedule = Self.following(["a", "b"])
        _ = Self.asked(&schedule, at: 1_000)
        schedule.answered("a", found: true, at: 1_000)
        // The first question may wait for a server that could not be reached then.
        schedule.hurry(at: 5_000)
        #expect(Self.asked(&schedule, at: 5_000) == ["b"])
        schedule.hurry(at: 9_000)
        #expect(Self.asked(&schedule, at: 9_000) == [])
        for _ in 1...2 { schedule.answered("b", found: false, at: 100_000) }
        schedule.hurry(at: 100_500)
        #expect(Self.asked(&schedule, at: 100_500) == ["b"])
        schedule.answered("b", found: false, at: 100_600)
        schedule.hurry(at: 100_600)
        #expect(schedule.next == 101_500)
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
        #expect(schedule.next == 2_000)
    }
}
