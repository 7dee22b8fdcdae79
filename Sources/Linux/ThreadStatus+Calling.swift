// SPDX-License-Identifier: Apache-2.0

internal import CLibcap
internal import CLinux
internal import Glibc

/// The same without /proc, which nobody can open after Landlock: each thread asks about itself.
extension ThreadStatus {
    /// What the calling thread may do. The corresponding C calls are `capget`, `prctl` and `geteuid`.
    package static func calling() throws(Errno) -> ThreadStatus {
        var header = __user_cap_header_struct(version: UInt32(_LINUX_CAPABILITY_VERSION_3), pid: 0)
        var halves = [__user_cap_data_struct](repeating: __user_cap_data_struct(), count: 2)
        try posix(unsafe capget(&header, &halves))
        func whole(_ half: (__user_cap_data_struct) -> UInt32) -> UInt64 {
            UInt64(half(halves[0])) | UInt64(half(halves[1])) << 32
        }
        return ThreadStatus(
            id: 0, inheritable: whole(\.inheritable), permitted: whole(\.permitted), effective: whole(\.effective),
            bounding: set { cap_get_bound($0) }, ambient: set { cap_get_ambient($0) },
            hasNoNewPrivileges: clinux_prctl(PR_GET_NO_NEW_PRIVS, 0) == 1, user: geteuid())
    }

    /// The capabilities of which the kernel says that they are in a set, up to the last that it knows.
    private static func set(_ contains: (cap_value_t) -> Int32) -> UInt64 {
        var set: UInt64 = 0
        for value in 0..<cap_value_t(64) {
            let answer = contains(value)
            if answer < 0 { break }
            if answer > 0 { set |= 1 << UInt64(value) }
        }
        return set
    }
}
