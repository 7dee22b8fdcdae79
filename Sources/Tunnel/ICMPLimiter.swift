// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// How many ICMP errors are sent: few enough that nobody can make us work for an attack (RFC 1812 §4.3.2.8).
///
/// Of each kind as many as a token bucket allows; to one sender an "unreachable" each second, and a "too long" each tenth of
/// one for each destination. The memory is fixed: two senders that share a place push each other out, and are still
/// bounded by the bucket.
struct ICMPLimiter {
    /// "Too long" per second in the long run, and in one burst: without them a path becomes a black hole, so that a storm
    /// of the others must not use them up. Each of the two threads has a limiter of its own: 100 together with the others.
    static let tooLong = (rate: 30 as UInt64, burst: 15 as UInt64)
    /// "Unreachable" per second in the long run, and in one burst.
    static let unreachable = (rate: 20 as UInt64, burst: 10 as UInt64)
    /// How long a sender hears no second "unreachable", milliseconds (Linux, `icmp_ratelimit`).
    static let unreachableInterval: UInt64 = 1_000
    /// How long a sender hears no second "too long" about one destination, milliseconds.
    static let tooLongInterval: UInt64 = 100

    private struct Sent {
        var key: UInt64 = 0
        var at: UInt64 = 0
    }

    private var tooLongBucket = Bucket(tooLong.rate, tooLong.burst)
    private var unreachableBucket = Bucket(unreachable.rate, unreachable.burst)
    private var recent = [Sent](repeating: Sent(), count: 256)

    /// Whether this error may go to `destination` about a packet for `other` at `now`, milliseconds. Counts it as sent.
    mutating func allows(
        _ error: ICMPv4Error, to destination: IPv4Address, about other: IPv4Address, at now: UInt64
    ) -> Bool {
        let isTooLong = if case .fragmentationNeeded = error { true } else { false }
        let key = isTooLong ? UInt64(destination.rawValue) << 32 | UInt64(other.rawValue) : UInt64(destination.rawValue)
        let interval = isTooLong ? ICMPLimiter.tooLongInterval : ICMPLimiter.unreachableInterval
        let place = Int((key &* 0x9e37_79b9_7f4a_7c15) >> 56)
        if recent[place].key == key, now < recent[place].at + interval { return false }
        guard isTooLong ? tooLongBucket.take(at: now) : unreachableBucket.take(at: now) else { return false }
        recent[place] = Sent(key: key, at: now)
        return true
    }

    /// So many at once, and so many a second in the long run.
    private struct Bucket {
        private let rate: UInt64
        private let burst: UInt64
        /// In thousandths: one millisecond is worth `rate` of them.
        private var tokens: UInt64
        private var refilled: UInt64 = 0

        init(_ rate: UInt64, _ burst: UInt64) {
            self.rate = rate
            self.burst = burst
            tokens = burst * 1_000
        }

        mutating func take(at now: UInt64) -> Bool {
            if now > refilled {
                tokens = min(tokens + (now - refilled) * rate, burst * 1_000)
                refilled = now
            }
            guard tokens >= 1_000 else { return false }
            tokens -= 1_000
            return true
        }
    }
}
