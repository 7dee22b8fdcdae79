// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What did not become true in time.
struct Overdue: Error { let what: String }

/// Waits until `condition` holds.
/// - Throws: ``Overdue`` when it does not within `seconds`, or as long as the test may take.
func eventually(_ what: String, within seconds: UInt64 = 20, _ condition: () throws -> Bool) throws {
    let deadline = Clock.milliseconds + (try TimeLimit.remaining(of: seconds * 1000))
    while try !condition() {
        guard Clock.milliseconds < deadline else { throw Overdue(what: what) }
        usleep(10_000)
    }
}
