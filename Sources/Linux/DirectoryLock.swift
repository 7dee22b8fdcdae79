// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// A directory that one process at a time holds, without a file that would stay behind.
///
/// Unlike a ``LockFile`` it ends with this value, whichever children have a copy of the descriptor. The corresponding C
/// function is `flock`.
package struct DirectoryLock: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Takes the lock of the directory at `path`, waiting for up to `timeoutMilliseconds` while somebody else holds it.
    /// - Throws: `Errno.wouldBlock` when it is still held then, `ENOTDIR` when it is not a directory.
    package init(_ path: String, timeoutMilliseconds: UInt64) throws(Errno) {
        descriptor = try LockFile.take(path, O_RDONLY | O_DIRECTORY, timeoutMilliseconds)
    }

    deinit { _ = flock(descriptor.rawValue, LOCK_UN) }
}
