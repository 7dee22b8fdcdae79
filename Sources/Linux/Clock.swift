// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What time it is.
package enum Clock {
    /// Microseconds since 1970, which may jump. The corresponding C call is `clock_gettime(CLOCK_REALTIME)`.
    package static var wall: UInt64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000
    }

    /// Milliseconds since boot, sleep not counted. The corresponding C call is `clock_gettime(CLOCK_MONOTONIC)`.
    package static var milliseconds: UInt64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
    }

    /// Microseconds since boot, sleep not counted. The corresponding C call is `clock_gettime(CLOCK_MONOTONIC)`.
    package static var microseconds: UInt64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000
    }

    /// Lets the calling thread sleep. The corresponding C function is `usleep`.
    package static func sleep(milliseconds: UInt64) {
        let end = Clock.milliseconds + milliseconds
        while Clock.milliseconds < end { usleep(UInt32(min(end - Clock.milliseconds, 500)) * 1000) }
    }
}
