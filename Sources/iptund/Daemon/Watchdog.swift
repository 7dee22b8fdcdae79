// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Logging

/// Tells a supervisor that waits for signs of life that all is well: that every data thread goes round, not only that the
/// process exists (sd_watchdog_enabled(3)).
struct Watchdog {
    /// How often it looks: half of what the supervisor waits, milliseconds; `nil` when nobody waits.
    let interval: UInt64?
    /// When it looks again, milliseconds of ``Clock``; `nil` for never.
    private(set) var next: UInt64?
    /// Whether it was said that somebody does not answer.
    private var hasComplained = false

    /// As `WATCHDOG_USEC` wants, if `WATCHDOG_PID` is this process or not given.
    init(
        microseconds: String? = Environment.value("WATCHDOG_USEC"),
        process: String? = Environment.value("WATCHDOG_PID"),
        own: Int32 = Environment.processID, now: UInt64 = Clock.milliseconds
    ) {
        let isForUs = process.map { Int32($0) == own } ?? true
        let period = isForUs ? microseconds.flatMap { UInt64($0) } : nil
        interval = period.flatMap { $0 > 0 ? max($0 / 2_000, 1) : nil }
        next = interval.map { now + $0 }
    }

    /// Passes on that all threads have answered the last call, and calls again. Does nothing before it is time.
    mutating func look(
        _ datapath: borrowing Datapath, _ supervisor: borrowing Supervisor, _ log: Logger, at now: UInt64
    ) {
        guard let interval, let due = next, now >= due else { return }
        next = now + interval
        guard datapath.isAnswered else {
            if !hasComplained {
                log.error("a data thread does not answer; whoever supervises will not hear of us either")
            }
            hasComplained = true
            return
        }
        hasComplained = false
        supervisor.alive()
        datapath.call()
    }
}
