// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Why a system call failed: errno, as a value.
public struct Errno: Error, Hashable, Sendable, RawRepresentable {
    /// The number, as errno(3) lists them.
    public let rawValue: Int32

    /// Any error number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The error of the call that just failed on this thread. The corresponding C expression is `errno`.
    package static var current: Errno { Errno(rawValue: errno) }
}

extension Errno: CustomStringConvertible {
    /// What strerror(3) says: "Operation not permitted".
    public var description: String {
        guard let text = unsafe strerror(rawValue) else { return "error \(rawValue)" }
        return unsafe String(cString: text)
    }
}

/// The ones that the program tells apart.
extension Errno {
    package static let notPermitted = Errno(rawValue: EPERM)
    package static let noSuchFile = Errno(rawValue: ENOENT)
    package static let noSuchProcess = Errno(rawValue: ESRCH)
    package static let interrupted = Errno(rawValue: EINTR)
    package static let badDescriptor = Errno(rawValue: EBADF)
    package static let wouldBlock = Errno(rawValue: EAGAIN)
    package static let permissionDenied = Errno(rawValue: EACCES)
    package static let busy = Errno(rawValue: EBUSY)
    package static let exists = Errno(rawValue: EEXIST)
    package static let noDevice = Errno(rawValue: ENODEV)
    package static let noSuchDeviceOrAddress = Errno(rawValue: ENXIO)
    package static let invalidArgument = Errno(rawValue: EINVAL)
    package static let messageTooLong = Errno(rawValue: EMSGSIZE)
    package static let notImplemented = Errno(rawValue: ENOSYS)
    package static let notSupported = Errno(rawValue: EOPNOTSUPP)
    package static let addressNotAvailable = Errno(rawValue: EADDRNOTAVAIL)
    package static let familyNotSupported = Errno(rawValue: EAFNOSUPPORT)
    package static let timedOut = Errno(rawValue: ETIMEDOUT)
    package static let connectionReset = Errno(rawValue: ECONNRESET)
    package static let brokenPipe = Errno(rawValue: EPIPE)
    package static let hostDown = Errno(rawValue: EHOSTDOWN)
    package static let notOnNetwork = Errno(rawValue: ENONET)
    package static let notASocket = Errno(rawValue: ENOTSOCK)
    package static let networkUnreachable = Errno(rawValue: ENETUNREACH)
    package static let hostUnreachable = Errno(rawValue: EHOSTUNREACH)
    package static let connectionRefused = Errno(rawValue: ECONNREFUSED)
    package static let noProtocol = Errno(rawValue: ENOPROTOOPT)
    package static let protocolError = Errno(rawValue: EPROTO)
    package static let protocolNotSupported = Errno(rawValue: EPROTONOSUPPORT)
    package static let processFiles = Errno(rawValue: EMFILE)
    package static let systemFiles = Errno(rawValue: ENFILE)
    package static let noBuffers = Errno(rawValue: ENOBUFS)
    package static let descriptorState = Errno(rawValue: EBADFD)
    package static let fileTooLarge = Errno(rawValue: EFBIG)
    package static let outOfRange = Errno(rawValue: ERANGE)
    package static let inputOutput = Errno(rawValue: EIO)
}

/// Turns what a C shim returned (a value, or -errno) into a value or a thrown error.
@discardableResult
package func checked(_ result: Int32) throws(Errno) -> Int32 {
    guard result >= 0 else { throw Errno(rawValue: -result) }
    return result
}

/// Turns what a C library call returned (a value, or -1 and errno) into a value or a thrown error.
@discardableResult
package func posix<Value: SignedInteger>(_ result: Value) throws(Errno) -> Value {
    guard result >= 0 else { throw Errno.current }
    return result
}
