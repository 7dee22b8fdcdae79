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
    package static func giveUpEverything() throws(Errno) { try giveUpEverything(but: []) }

    /// The same, but for `exceptions`. A path that is not there, now, is no exception.
    ///
    /// - Parameter mayTalk: whether it may connect by TCP, and to abstract Unix sockets.
    package static func giveUpEverything(but exceptions: [Exception], mayTalk: Bool = false) throws(Errno) {
        let rights = Rights(version: try version)
        let network = mayTalk ? rights.network & ~Rights.connectTCP : rights.network
        let scopes = mayTalk ? rights.scopes & ~Rights.abstractSockets : rights.scopes
        let ruleset = Descriptor(
            owning: try checked(clinux_landlock_ruleset(rights.files, network, scopes, rights.size)))
        for exception in exceptions {
            guard let place = try? Descriptor.open(exception.path, clinux_open_path()) else { continue }
            let allowed = exception.rights & rights.files
            // Of rights to a directory the kernel takes none for a file.
            let isDirectory = try Files.status(of: place).isDirectory
            try checked(
                clinux_landlock_allow(
                    ruleset.rawValue, isDirectory ? allowed : allowed & Rights.ofFiles, place.rawValue))
        }
        try checked(clinux_landlock_restrict(ruleset.rawValue))
    }

    /// What stays possible at a path, and everywhere below.
    package struct Exception: Equatable, Sendable {
        let path: String
        let rights: UInt64

        /// Files can be read and executed, directories listed.
        package static func reading(_ path: String) -> Exception {
            Exception(path: path, rights: Rights.execute | Rights.readFile | Rights.readDirectory)
        }

        /// Files can be read, written, made, replaced and removed, and directories, too.
        package static func changing(_ path: String) -> Exception {
            let making = Rights.makeFile | Rights.makeDirectory | Rights.removeFile | Rights.removeDirectory
            return Exception(
                path: path,
                rights: Rights.readFile | Rights.readDirectory | Rights.writeFile | Rights.truncate | making)
        }

        /// Files can be read, made and removed, and directories, too; none can be written.
        package static func making(_ path: String) -> Exception {
            Exception(path: path, rights: changing(path).rights & ~(Rights.writeFile | Rights.truncate))
        }

        /// Empty directories can be removed.
        package static func removingDirectories(_ path: String) -> Exception {
            Exception(path: path, rights: Rights.removeDirectory)
        }
    }

    /// All that a version can forbid, as sets of bits.
    struct Rights: Equatable {
        /// LANDLOCK_ACCESS_FS_*, _NET_* and LANDLOCK_SCOPE_*.
        let files: UInt64, network: UInt64, scopes: UInt64
        /// Of `struct landlock_ruleset_attr`, octets.
        let size: UInt32

        /// LANDLOCK_ACCESS_FS_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG,
        /// _TRUNCATE (landlock.h).
        static let execute: UInt64 = 1 << 0, writeFile: UInt64 = 1 << 1, readFile: UInt64 = 1 << 2
        static let readDirectory: UInt64 = 1 << 3, removeDirectory: UInt64 = 1 << 4, removeFile: UInt64 = 1 << 5
        static let makeDirectory: UInt64 = 1 << 7, makeFile: UInt64 = 1 << 8, truncate: UInt64 = 1 << 14
        /// Those that a file can have.
        static let ofFiles = execute | writeFile | readFile | truncate
        /// LANDLOCK_ACCESS_NET_CONNECT_TCP and LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET.
        static let connectTCP: UInt64 = 1 << 1, abstractSockets: UInt64 = 1 << 0

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
