// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// How many ICMP errors are sent: few enough that nobody can make us work for an attack (RFC 1812 §4.3.2.8).
///
/// Altogether as many as a token bucket allows; to one sender an "unreachable" each second, and a "too long" each tenth of
/// one for each destination. The memory is fixed: two senders that share a place push each other out, and are still
/// bounded by the bucket.
struct ICMPLimiter {
    /// Errors per second in the long run. Each of the two threads has a limiter of its own: 100 together.
    static let rate: UInt64 = 50
    /// Errors in one burst.
    static let burst: UInt64 = 25
    /// How long a sender hears no second "unreachable", milliseconds (Linux, `icmp_ratelimit`).
    static let unreachableInterval: UInt64 = 1_000
    /// How long a sender hears no second "too long" about one destination, milliseconds.
    static let tooLongInterval: UInt64 = 100

    private struct Sent {
        var key: UInt64 = 0
        var at: UInt64 = 0
    }

    private var tokens = burst * 1_000
    private var refilled: UInt64 = 0
    private var recent = [Sent](repeating: Sent(), count: 256)

    /// Whether this error may go to `destination` about a packet for `other` at `now`, milliseconds. Counts it as sent.
    mutating func allows(
        _ error: ICMPv4Error, to destination: IPv4Address, about other: IPv4Address, at now: UInt64
    ) -> Bool {
        let key: UInt64
        let interval: UInt64
        if case .fragmentationNeeded = error {
            key = UInt64(destination.rawValue) << 32 | UInt64(other.rawValue)
            interval = ICMPLimiter.tooLongInterval
        } else {
            key = UInt64(destination.rawValue)
            interval = ICMPLimiter.unreachableInterval
        }
        let place = Int((key &* 0x9e37_79b9_7f4a_7c15) >> 56)
        if recent[place].key == key, now < recent[place].at + interval { return false }
        guard takeToken(at: now) else { return false }
        recent[place] = Sent(key: key, at: now)
        return true
    }

    /// Tokens are counted in thousandths: one millisecond is worth `rate` of them.
    private mutating func takeToken(at now: UInt64) -> Bool {
        if now > refilled {
            tokens = min(tokens + (now - refilled) * ICMPLimiter.rate, ICMPLimiter.burst * 1_000)
            refilled = now
        }
        guard tokens >= 1_000 else { return false }
        tokens -= 1_000
        return true
    }
}
