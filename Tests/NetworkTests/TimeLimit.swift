// SPDX-License-Identifier: Apache-2.0

import Linux

/// How long a test may take, from when its lab is open.
///
/// Swift Testing's own `.timeLimit` starts before a test gets a thread, and cannot end one that blocks. So whatever a test
/// waits for (``eventually(_:within:_:)``, ``Host/run(_:)``, ``Running/wait()``) asks here whether there is time left.
enum TimeLimit {
    /// Three minutes: nothing here needs as much as one on an idle machine.
    static let milliseconds: UInt64 = 180_000

    @TaskLocal private static var deadline: UInt64?

    /// Runs a test against the clock.
    static func applied<Result>(_ milliseconds: UInt64 = milliseconds, _ body: () throws -> Result) rethrows -> Result {
        try $deadline.withValue(Clock.milliseconds + milliseconds, operation: body)
    }

    /// So many milliseconds, or what is left when that is less.
    /// - Throws: ``Overdue`` when nothing is left.
    static func remaining(of milliseconds: UInt64) throws -> UInt64 {
        guard let deadline else { return milliseconds }
        let now = Clock.milliseconds
        guard now < deadline else { throw Overdue(what: "the end of the test, which has a time limit") }
        return min(milliseconds, deadline - now)
    }
}
