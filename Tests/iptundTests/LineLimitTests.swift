// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct LineLimitTests {
    private static func key(_ topic: LineLimit.Topic, _ about: Int = 0, place: Int? = nil) -> LineLimit.Key {
        LineLimit.Key(topic: topic, place: place, about: "\(about)")
    }

    @Test(arguments: LineLimit.Topic.allCases)
    func `the same is said so many times an interval, and again after it`(topic: LineLimit.Topic) {
        var limit = LineLimit()
        let (lines, interval) = topic.allowance
        for number in 0..<lines { #expect(limit.judge(Self.key(topic), at: UInt64(number)) == .write) }
        #expect(limit.judge(Self.key(topic), at: 100) == .tooSoon)
        #expect(limit.next == interval)
        #expect(limit.judge(Self.key(topic), at: interval - 1) == .tooSoon)
        limit.wake(at: interval - 1)
        #expect(limit.next == interval)
        limit.wake(at: interval)
        #expect(limit.next == nil)
        #expect(limit.judge(Self.key(topic), at: interval) == .write)
    }

    @Test(arguments: LineLimit.Topic.allCases)
    func `of one topic ten lines are written an interval, whatever they are about`(topic: LineLimit.Topic) {
        var limit = LineLimit()
        var written = 0
        for about in 0..<5_000 where limit.judge(Self.key(topic, about), at: UInt64(about % 10)) == .write {
            written += 1
        }
        #expect(written == 10)
        let interval = topic.allowance.interval
        #expect(limit.judge(Self.key(topic, 9_999), at: interval - 1) == .tooMany)
        #expect(limit.judge(Self.key(topic, 9_999), at: interval) == .write)
    }

    @Test func `topics do not take each other's room`() {
        var limit = LineLimit()
        for about in 0..<20 { _ = limit.judge(Self.key(.way, about), at: 0) }
        #expect(limit.judge(Self.key(.unreached), at: 0) == .write)
    }

    @Test func `what was kept back is counted, and the count said at once, then once an interval`() {
        var limit = LineLimit()
        #expect(limit.counts(at: 0).isEmpty)
        #expect(limit.next == nil)
        for _ in 0..<4_990 { limit.keepBack(.unreached) }
        let first = limit.counts(at: 0)
        #expect(first.map(\.topic) == [.unreached] && first.map(\.count) == [4_990])
        limit.keepBack(.unreached)
        limit.keepBack(.unreached)
        #expect(limit.counts(at: 59_999).isEmpty)
        #expect(limit.next == 60_000)
        #expect(limit.counts(at: 60_000).map(\.count) == [2])
        #expect(limit.next == nil)
    }

    @Test func `what somebody else counts is not added up`() {
        var limit = LineLimit()
        limit.keepBack(.drop, atLeast: 3)
        limit.keepBack(.drop, atLeast: 5)
        limit.keepBack(.drop, atLeast: 4)
        #expect(limit.counts(at: 0).map(\.count) == [5])
    }

    @Test func `of a place that is forgotten nothing was said`() {
        var limit = LineLimit()
        #expect(limit.judge(Self.key(.error, place: 7), at: 0) == .write)
        #expect(limit.judge(Self.key(.error, place: 8), at: 0) == .write)
        limit.forget(7)
        #expect(limit.judge(Self.key(.error, place: 7), at: 1) == .write)
        #expect(limit.judge(Self.key(.error, place: 8), at: 1) == .tooSoon)
    }
}
