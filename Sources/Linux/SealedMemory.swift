// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Memory that nobody can change any more, to be handed from process to process as an open file.
///
/// What it says cannot differ between the check and the use, and reading it never waits.
package enum SealedMemory {
    /// Octets that are to stay as they are.
    ///
    /// The corresponding C calls are `memfd_create` and `fcntl(F_ADD_SEALS)`.
    package static func make(_ bytes: [UInt8]) throws(Errno) -> Descriptor {
        let memory = Descriptor(owning: try checked(unsafe clinux_memory("iptund")))
        try memory.write(bytes)
        try checked(clinux_add_seals(memory.rawValue, unchanging | F_SEAL_SEAL))
        return memory
    }

    /// All octets, from the first on, wherever the sender has read or written last.
    /// - Throws: `Errno.notPermitted` when somebody could still change it, and for any other kind of file;
    ///   `Errno.fileTooLarge` when there are more than `limit`.
    package static func read(_ memory: borrowing Descriptor, limit: Int) throws(Errno) -> [UInt8] {
        let seals = clinux_seals(memory.rawValue)
        // The kernel says EINVAL of files that can have no seals.
        guard seals >= 0 || seals == -EINVAL else { throw Errno(rawValue: -seals) }
        guard seals >= 0, seals & unchanging == unchanging else { throw .notPermitted }
        let size = try Files.status(of: memory).size
        guard size <= UInt64(limit) else { throw .fileTooLarge }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var count = 0
        while count < bytes.count {
            let part = unsafe bytes.withUnsafeMutableBytes { bytes in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
                return unsafe pread(memory.rawValue, rest.baseAddress, rest.count, count)
            }
            if part < 0, Errno.current == .interrupted { continue }
            guard try posix(part) > 0 else { throw .inputOutput }
            count += part
        }
        return bytes
    }

    private static let unchanging = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW
}
