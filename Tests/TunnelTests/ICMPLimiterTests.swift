// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

@Suite struct ICMPLimiterTests {
    private let now = Example.now
    private let tooLong = ICMPv4Error.fragmentationNeeded(mtu: 1480)

    /// Both kinds, with what comes in one burst and each second. Two threads are twice that: 100 a second together.
    static let kinds: [(error: ICMPv4Error, burst: Int, rate: Int)] = [
        (.fragmentationNeeded(mtu: 1480), 15, 30), (.hostUnreachable, 10, 20),
    ]

    @Test(arguments: kinds) func `after a burst, one comes now and then`(
        kind: (error: ICMPv4Error, burst: Int, rate: Int)
    ) {
        var limiter = ICMPLimiter()
        var senders = Senders()
        let burst = (0..<40).filter { _ in
            limiter.allows(kind.error, to: senders.next(), about: Example.firsts, at: now)
        }
        #expect(burst == Array(0..<kind.burst))
        let after = (1...100 as ClosedRange<UInt64>).filter {
            limiter.allows(kind.error, to: senders.next(), about: Example.firsts, at: now + $0)
        }
        #expect(after == (kind.rate == 30 ? [34, 67, 100] : [50, 100]))
    }

    @Test(arguments: kinds) func `in the long run the rate holds, and a quiet hour saves up no more than a burst`(
        kind: (error: ICMPv4Error, burst: Int, rate: Int)
    ) {
        var limiter = ICMPLimiter()
        var senders = Senders()
        func flood(_ limiter: inout ICMPLimiter, from start: UInt64) -> Int {
            (0..<10_000 as Range<UInt64>).count { later in
                limiter.allows(kind.error, to: senders.next(), about: Example.firsts, at: start + later)
            }
        }
        let first = flood(&limiter, from: now)
        #expect(first == kind.burst + kind.rate * 10 - 1)
        let second = flood(&limiter, from: now + 3_600_000)
        #expect(second == first)
    }

    @Test func `a storm of one kind leaves the other its share`() {
        var limiter = ICMPLimiter()
        var senders = Senders()
        for _ in 0..<1_000 { _ = limiter.allows(.hostUnreachable, to: senders.next(), about: Example.firsts, at: now) }
        let told = (0..<40).count { _ in limiter.allows(tooLong, to: senders.next(), about: Example.firsts, at: now) }
        #expect(told == 15)
    }

    @Test(arguments: [ICMPv4Error.networkUnreachable, .hostUnreachable, .prohibited])
    func `one sender hears of one error a second, whatever it is about`(error: ICMPv4Error) {
        var limiter = ICMPLimiter()
        let allowed = (0...2_500 as ClosedRange<UInt64>).filter { later in
            let other = IPv4Address(rawValue: Example.firsts.rawValue + UInt32(later))
            return limiter.allows(error, to: Example.ours, about: other, at: now + later)
        }
        #expect(allowed == [0, 1_000, 2_000])
    }

    @Test func `one sender hears that its packets to one destination are too long each 100 ms`() {
        var limiter = ICMPLimiter()
        let allowed = (0...250 as ClosedRange<UInt64>).filter { later in
            limiter.allows(tooLong, to: Example.ours, about: Example.firsts, at: now + later)
        }
        #expect(allowed == [0, 100, 200])
        let other = limiter.allows(tooLong, to: Example.ours, about: Example.seconds, at: now + 250)
        let unreachable = limiter.allows(.hostUnreachable, to: Example.ours, about: Example.firsts, at: now + 250)
        #expect(other && unreachable)
    }

    @Test func `errors that were suppressed neither cost anything nor prolong the silence`() {
        var limiter = ICMPLimiter()
        var senders = Senders()
        let suppressed = (0..<1_000).count { _ in
            !limiter.allows(.hostUnreachable, to: Example.ours, about: Example.firsts, at: now)
        }
        #expect(suppressed == 999)
        let others = (0..<30).count { _ in
            limiter.allows(.prohibited, to: senders.next(), about: Example.firsts, at: now)
        }
        #expect(others == 9)
        let again = limiter.allows(.hostUnreachable, to: Example.ours, about: Example.firsts, at: now + 1_000)
        #expect(again)
    }

    @Test func `two senders in one place push each other out, and are still bounded`() throws {
        let first = Example.ours
        // Whoever makes the first be heard again at once shares its place: about 1 in 256.
        let second = try #require(
            (1...5_000).lazy.map { IPv4Address(rawValue: first.rawValue + $0) }.first { candidate in
                var limiter = ICMPLimiter()
                return [first, candidate, first].allSatisfy {
                    limiter.allows(.hostUnreachable, to: $0, about: Example.firsts, at: now)
                }
            })
        var limiter = ICMPLimiter()
        let told = (0..<200).count { round in
            limiter.allows(.hostUnreachable, to: round % 2 == 0 ? first : second, about: Example.firsts, at: now)
        }
        #expect(told == 10)
    }

    @Test func `a clock that stands still, or begins at 0, does no harm`() {
        var limiter = ICMPLimiter()
        let outcomes = [0, 0, 999, 1_000].map {
            limiter.allows(.hostUnreachable, to: Example.ours, about: Example.firsts, at: $0)
        }
        #expect(outcomes == [true, false, false, true])
    }
}

/// Senders of which each is another.
private struct Senders {
    private var last = IPv4Address(10, 1, 0, 1).rawValue

    mutating func next() -> IPv4Address {
        last += 1
        return IPv4Address(rawValue: last)
    }
}
