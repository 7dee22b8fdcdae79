// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// The C library's memory.
package enum Memory {
    /// All threads get memory from one place from now on, instead of one each: what they need is little, and for the choice
    /// of a place the C library reads a file of /sys. The corresponding C call is `mallopt(M_ARENA_MAX)`.
    package static func shareOneArena() { mallopt(M_ARENA_MAX, 1) }

    /// Nobody but root can read this process's memory or trace it any more, not even another process of its user, and none is
    /// written to a core file. The corresponding C call is `prctl(PR_SET_DUMPABLE)`.
    package static func keepToItself() throws(Errno) { try checked(clinux_prctl(PR_SET_DUMPABLE, 0)) }
}
