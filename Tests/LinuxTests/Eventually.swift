// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Whether `condition` holds now, or comes to hold within 30 seconds.
///
/// For what happens when a descriptor is closed: other tests start children meanwhile, and each has a copy of all our
/// descriptors from its fork to its exec.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Clock.milliseconds + 30_000
    while try !condition() {
        guard Clock.milliseconds < deadline else { return false }
        sched_yield()
    }
    return true
}
