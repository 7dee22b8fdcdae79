// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Whose a file is, who may do what with it, and what it is.
package struct FileStatus: Equatable, Sendable {
    /// The uid of its owner.
    package let owner: UInt32
    /// Its gid.
    package let group: UInt32
    /// Who may do what: the lowest twelve bits of `st_mode`, such as 0o644.
    package let mode: UInt32
    /// Octets; 0 for files of /proc, whatever can be read from them.
    package let size: UInt64
    /// Whether it is a file with content, not a pipe, a device or a socket.
    package let isRegular: Bool
    /// Whether it is a directory.
    package let isDirectory: Bool

    fileprivate init(_ status: stat) {
        owner = status.st_uid
        group = status.st_gid
        mode = status.st_mode & 0o7777
        size = UInt64(max(status.st_size, 0))
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
    }
}

extension Files {
    /// What `path` leads to. The corresponding C function is `stat`.
    package static func status(_ path: String) throws(Errno) -> FileStatus {
        var status = stat()
        try posix(unsafe stat(path, &status))
        return FileStatus(status)
    }

    /// To whom the directory belongs that `path` lies in, if it can be told.
    package static func ownerOfDirectory(of path: String) -> User? {
        let parent = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
        guard let status = try? status(parent.isEmpty ? "/" : String(parent)) else { return nil }
        return User(id: status.owner, group: status.group)
    }

    /// What is open. The corresponding C function is `fstat`.
    package static func status(of descriptor: borrowing Descriptor) throws(Errno) -> FileStatus {
        var status = stat()
        try posix(unsafe fstat(descriptor.rawValue, &status))
        return FileStatus(status)
    }
}
