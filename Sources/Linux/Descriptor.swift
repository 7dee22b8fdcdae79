// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// An open file, socket or device, closed exactly once: when its owner goes away.
public struct Descriptor: ~Copyable, Sendable {
    /// The number that system calls take. It is valid as long as this value lives.
    package let rawValue: Int32

    /// Takes over the responsibility for an open descriptor; a negative number stands for none.
    package init(owning rawValue: Int32) { self.rawValue = rawValue }

    deinit { if rawValue >= 0 { _ = close(rawValue) } }

    /// A second owner of the same open file, for another thread. The corresponding C call is `fcntl(F_DUPFD_CLOEXEC)`.
    package func duplicate() throws(Errno) -> Descriptor {
        Descriptor(owning: try checked(clinux_duplicate(rawValue)))
    }

    /// Opens `path`, closed on exec. The corresponding C function is `open`.
    package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(Errno) -> Descriptor {
        Descriptor(owning: try checked(unsafe clinux_open(path, flags | O_CLOEXEC, mode)))
    }

    /// Writes everything, however many calls it takes. The corresponding C function is `write`.
    package func write(_ bytes: [UInt8]) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(rawValue, $0.baseAddress, $0.count) }
            if count < 0, Errno.current == .interrupted { continue }
            rest = rest.dropFirst(try posix(count))
        }
    }

    /// Gives the number away without closing it: for what stays open until the process ends.
    package consuming func release() -> Int32 {
        let number = rawValue
        discard self
        return number
    }
}
