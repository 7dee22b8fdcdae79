// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// A file that one process at a time holds, together with the children it forks. The corresponding C function is `flock`.
package struct LockFile: ~Copyable, Sendable {
    package let descriptor: Descriptor

    /// The number of the open file, which a child that shares the lock must keep open.
    package var number: Int32 { descriptor.rawValue }

    /// Takes the lock at `path`, waiting for up to `timeoutMilliseconds` while somebody else holds it.
    ///
    /// A file that is made for it belongs to whom its directory does: what root locks there, they can lock too.
    /// - Throws: `Errno.wouldBlock` when it is still held then.
    package init(_ path: String, timeoutMilliseconds: UInt64) throws(Errno) {
        let deadline = Clock.milliseconds + timeoutMilliseconds
        while true {
            let file = try LockFile.open(path)
            if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 {
                // The last holder may have removed the file between our open and its end: then it locks nobody out.
                if try LockFile.isStill(path, file) {
                    descriptor = file
                    return
                }
            } else {
                guard Errno.current == .wouldBlock else { throw .current }
                guard Clock.milliseconds < deadline else { throw .wouldBlock }
                usleep(10_000)
            }
        }
    }

    /// Lets the next one have it; so does the end of the value.
    package consuming func release() {}

    /// Opens the file, or makes it. Neither a symbolic link nor a pipe that somebody put there leads us anywhere.
    private static func open(_ path: String) throws(Errno) -> Descriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
        while true {
            do throws(Errno) {
                return try Descriptor.open(path, flags)
            } catch .noSuchFile {
                do throws(Errno) {
                    let file = try Descriptor.open(path, flags | O_CREAT | O_EXCL, mode: 0o600)
                    if let owner = Files.ownerOfDirectory(of: path), owner != .current {
                        _ = fchown(file.rawValue, owner.id, owner.group)
                    }
                    return file
                } catch .exists {
                    continue  // Somebody was faster.
                }
            }
        }
    }

    private static func isStill(_ path: String, _ file: borrowing Descriptor) throws(Errno) -> Bool {
        var opened = stat()
        var named = stat()
        try posix(unsafe fstat(file.rawValue, &opened))
        guard unsafe stat(path, &named) == 0 else { return false }
        return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }
}
