// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Giving up whatever can be reached by a path, and more where the kernel knows how (landlock(7)).
package enum Landlock {
    /// Which version of the interface the kernel has, from 1 on.
    /// - Throws: `ENOSYS` when it has none, `EOPNOTSUPP` when it was switched off at boot.
    package static var version: Int {
        get throws(Errno) { Int(try checked(clinux_landlock_version())) }
    }

    /// From here on this thread, and whatever it starts, can open, make, remove, rename and execute nothing, anywhere.
    ///
    /// With version 4 it can neither listen nor connect by TCP, with version 6 reach no abstract Unix socket and send no
    /// signal beyond itself. What is open stays usable. Requires `no_new_privs`; the corresponding C call is
    /// `landlock_restrict_self`.
    /// - Throws: as ``version``.
    package static func giveUpEverything() throws(Errno) {
        let rights = Rights(version: try version)
        let ruleset = Descriptor(
            owning: try checked(clinux_landlock_ruleset(rights.files, rights.network, rights.scopes, rights.size)))
        try checked(clinux_landlock_restrict(ruleset.rawValue))
    }

    /// All that a version can forbid, as sets of bits.
    struct Rights: Equatable {
        /// LANDLOCK_ACCESS_FS_*, _NET_* and LANDLOCK_SCOPE_*.
        let files: UInt64, network: UInt64, scopes: UInt64
        /// Of `struct landlock_ruleset_attr`, octets.
        let size: UInt32

        init(version: Int) {
            // Thirteen at first; then to move between directories (2), to truncate (3), and ioctl of devices (5).
            let extra = version >= 5 ? 3 : version >= 3 ? 2 : version >= 2 ? 1 : 0
            files = (1 << UInt64(13 + extra)) - 1
            network = version >= 4 ? 0b11 : 0
            scopes = version >= 6 ? 0b11 : 0
            size = version >= 6 ? 24 : version >= 4 ? 16 : 8
        }
    }
}
