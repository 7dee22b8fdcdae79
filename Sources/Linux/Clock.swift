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
        let start = Clock.milliseconds
        var passed: UInt64 = 0
        // What is left is reckoned from the moment that was compared: asked again, the clock may be past the end.
        while passed < milliseconds {
            usleep(UInt32(min(milliseconds - passed, 500)) * 1000)
            passed = Clock.milliseconds - start
        }
    }
}
