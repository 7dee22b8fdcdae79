// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Files that others may have put there, and files that others must never see half written.
extension Files {
    /// What becomes of a symbolic link at the end of a path.
    package enum LastLink: Sendable {
        /// It is followed.
        case followed
        /// It is refused with `ELOOP`.
        case refused

        fileprivate var flags: Int32 {
            switch self {
            case .followed: 0
            case .refused: O_NOFOLLOW
            }
        }
    }

    /// What a file holds, and whose the very file is that it was read from: the path may lead elsewhere a moment later.
    package struct Content: Equatable, Sendable {
        /// All octets.
        package let bytes: [UInt8]
        /// The state of the file when it was opened.
        package let status: FileStatus
    }

    /// Reads a regular file, opened once. Neither a pipe nor an endless file can hold us up.
    /// - Throws: `Errno.fileTooLarge` when there are more than `limit` octets, `Errno.invalidArgument` when it is not a
    ///   regular file, `ELOOP` for a symbolic link that is refused.
    package static func content(
        _ path: String, limit: Int, lastLink: LastLink = .followed
    ) throws(Errno) -> Content {
        let file = try Descriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | lastLink.flags)
        let status = try status(of: file)
        guard status.isRegular else { throw .invalidArgument }
        guard status.size <= UInt64(limit) else { throw .fileTooLarge }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(file.rawValue, &buffer, buffer.count)
            if count < 0, Errno.current == .interrupted { continue }
            if try posix(count) == 0 { return Content(bytes: bytes, status: status) }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw .fileTooLarge }
        }
    }

    /// Puts `bytes` at `path` in one step: whoever opens it finds the old file or the whole new one, also after a
    /// crash.
    ///
    /// The new one belongs to us, or to `owner` where we may give it away, and has `mode`, whatever was there; a symbolic
    /// link at `path` is replaced, not followed. The corresponding C functions are `fsync` and `rename`.
    package static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32, owner: User? = nil
    ) throws(Errno) {
        let temporary = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
        try createNew(temporary, bytes, mode: mode, owner: owner)
        guard unsafe rename(temporary, path) == 0 else {
            let error = Errno.current
            remove(temporary)
            throw error
        }
    }

    /// Makes a file with `bytes` and `mode`, whatever the umask; nothing is left of one that could not be written
    /// whole.
    /// - Throws: `Errno.exists` when there is something at `path`, be it a symbolic link that leads nowhere.
    package static func createNew(
        _ path: String, _ bytes: [UInt8], mode: UInt32, owner: User? = nil
    ) throws(Errno) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        let file = try Descriptor.open(path, flags, mode: mode & 0o600)
        do throws(Errno) {
            try file.write(bytes)
            // Before the mode, which another owner's file would lose; and the very file, whatever bears its name by now.
            if let owner { _ = fchown(file.rawValue, owner.id, owner.group) }
            try posix(fchmod(file.rawValue, mode))
            try posix(fsync(file.rawValue))
        } catch {
            remove(path)
            throw error
        }
    }
}
