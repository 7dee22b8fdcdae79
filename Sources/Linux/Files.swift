// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Small files and directories.
package enum Files {
    /// The whole text of `path`. Works for /proc, whose files have no size.
    package static func read(_ path: String) throws(Errno) -> String {
        let file = try Descriptor.open(path, O_RDONLY)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try posix(unsafe Glibc.read(file.rawValue, &buffer, buffer.count))
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// Replaces the file at `path`, which may not be a symbolic link, and gives it to whoever called us by way of sudo.
    package static func write(_ bytes: [UInt8], to path: String) throws(Errno) {
        try open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, mode: 0o644).write(bytes)
    }

    /// Opens `path` to write to it, emptied if it is there: for what nobody else may read. It may not be a symbolic link, but
    /// a pipe, for which a reader is waited.
    package static func create(_ path: String) throws(Errno) -> Descriptor {
        try open(path, O_WRONLY | O_NOFOLLOW, mode: 0o600)
    }

    /// Opens a file for writing. A new file is given to the user behind sudo; an existing one is truncated and keeps its owner.
    private static func open(_ path: String, _ flags: Int32, mode: UInt32) throws(Errno) -> Descriptor {
        do throws(Errno) {
            let file = try Descriptor.open(path, flags | O_CREAT | O_EXCL, mode: mode)
            try giveToCaller(file)
            return file
        } catch .exists {
            return try Descriptor.open(path, flags | O_TRUNC)
        }
    }

    /// What somebody has us write by way of sudo is theirs.
    private static func giveToCaller(_ file: borrowing Descriptor) throws(Errno) {
        if let user = Environment.value("SUDO_UID").flatMap({ UInt32($0) }),
            let group = Environment.value("SUDO_GID").flatMap({ UInt32($0) })
        {
            try posix(fchown(file.rawValue, user, group))
        }
    }

    /// The names in a directory, sorted, without `.` and `..`.
    package static func entries(_ path: String) throws(Errno) -> [String] {
        guard let directory = unsafe opendir(path) else { throw .current }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Where a symbolic link leads; `nil` when there is none that we may read. The corresponding C function is `readlink`.
    package static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBytes { buffer in
            let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            return unsafe start.map { unsafe readlink(path, $0, buffer.count) } ?? -1
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Whether there is something at `path`.
    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The path from the root on, whatever directory this process works in. The corresponding C function is `getcwd`.
    package static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(directory) }
        return unsafe "\(String(cString: directory))/\(path)"
    }

    /// Makes a directory. Returns false when it is there already, which is fine.
    @discardableResult
    package static func makeDirectory(_ path: String, mode: UInt32) throws(Errno) -> Bool {
        if unsafe mkdir(path, mode) == 0 {
            // Whatever the umask: others have to reach what they may read in it.
            setMode(path, mode)
            return true
        }
        if Errno.current == .exists { return false }
        throw .current
    }

    /// Removes a file; one that is gone already is fine.
    package static func remove(_ path: String) { _ = unsafe unlink(path) }

    /// Removes an empty directory; one that is gone already, or not ours to remove, is fine.
    package static func removeDirectory(_ path: String) { _ = unsafe rmdir(path) }

    /// The same for one that may be a mount point in our own mount namespace, as systemd gives one to a unit's commands.
    ///
    /// What is mounted there is let go of first, by us alone. The corresponding C functions are `umount2` and `rmdir`.
    package static func removeMountedDirectory(_ path: String) {
        if unsafe rmdir(path) != 0, Errno.current == .busy, unsafe umount2(path, Int32(MNT_DETACH)) == 0 {
            removeDirectory(path)
        }
    }

    /// Whether what is at `path` lies in memory, and so cannot be older than the running kernel. The corresponding C function
    /// is `statfs`.
    package static func isInMemory(_ path: String) -> Bool {
        var status = statfs()
        let inMemory = [0x0102_1994, 0x8584_58f6]  // tmpfs and ramfs, linux/magic.h
        return unsafe statfs(path, &status) == 0 && inMemory.contains(Int(status.f_type))
    }

    /// Gives a file, or a symbolic link itself, to a user and a group; does nothing where we may not.
    package static func give(_ path: String, user: UInt32, group: UInt32) { _ = unsafe lchown(path, user, group) }

    /// Sets who may do what with a file; does nothing where we may not.
    package static func setMode(_ path: String, _ mode: UInt32) { _ = unsafe chmod(path, mode) }

    /// The inode that `path` leads to.
    package static func inode(_ path: String) throws(Errno) -> UInt64 {
        var status = stat()
        try posix(unsafe stat(path, &status))
        return UInt64(status.st_ino)
    }
}
