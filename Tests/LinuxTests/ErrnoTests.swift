// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct ErrnoTests {
    @Test(arguments: [
        (EPERM, "Operation not permitted"), (ENOENT, "No such file or directory"), (EBUSY, "Device or resource busy"),
        (EBADFD, "File descriptor in bad state"), (4711, "Unknown error 4711"),
    ])
    func `an error says what strerror says`(number: Int32, text: String) {
        #expect(Errno(rawValue: number).description == text)
    }

    @Test(arguments: [
        (Errno.notPermitted, EPERM), (.noSuchFile, ENOENT), (.noSuchProcess, ESRCH), (.interrupted, EINTR),
        (.badDescriptor, EBADF), (.wouldBlock, EAGAIN), (.permissionDenied, EACCES), (.busy, EBUSY), (.exists, EEXIST),
        (.noDevice, ENODEV), (.invalidArgument, EINVAL), (.messageTooLong, EMSGSIZE), (.notSupported, EOPNOTSUPP),
        (.addressNotAvailable, EADDRNOTAVAIL), (.familyNotSupported, EAFNOSUPPORT), (.hostDown, EHOSTDOWN),
        (.notOnNetwork, ENONET), (.notASocket, ENOTSOCK),
        (.networkUnreachable, ENETUNREACH), (.hostUnreachable, EHOSTUNREACH), (.connectionRefused, ECONNREFUSED),
        (.noProtocol, ENOPROTOOPT), (.protocolError, EPROTO), (.noBuffers, ENOBUFS), (.descriptorState, EBADFD),
        (.inputOutput, EIO),
    ])
    func `every name has its number`(name: Errno, number: Int32) {
        #expect(name.rawValue == number)
    }

    @Test func `what a shim returns is a value, or the negative of an error`() throws {
        #expect(try checked(0) == 0)
        #expect(try checked(7) == 7)
        #expect(thrown { () throws(Errno) in try checked(-EBUSY) } == .busy)
    }

    @Test func `what a library call returns is a value, or -1 with errno`() throws {
        #expect(try posix(7) == 7)
        #expect(thrown { () throws(Errno) in try posix(close(-1)) } == .badDescriptor)
        #expect(thrown { () throws(Errno) in try posix(unsafe access("/absent", F_OK)) } == .noSuchFile)
    }
}
