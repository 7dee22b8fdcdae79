// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Tunnel
@testable import iptund

/// Every errno that Linux knows has one reason; what is not in the table is the last one.
@Suite struct CountedSinkTests {
    @Test(arguments: 1...133 as ClosedRange<Int32>) func `what a socket refuses has a name`(number: Int32) {
        let table: [Int32: Drop] = [
            ENETUNREACH: .unreachable, EHOSTUNREACH: .unreachable, ECONNREFUSED: .unreachable,
            ENOPROTOOPT: .unreachable, EINVAL: .unreachable,
            EMSGSIZE: .exceedsMTU, ENOBUFS: .noBuffers, EAGAIN: .noBuffers, EPERM: .forbidden, EACCES: .forbidden,
        ]
        #expect(RawSender.drop(Errno(rawValue: number)) == table[number, default: .sendFailed])
    }

    @Test(arguments: 1...133 as ClosedRange<Int32>) func `what a device refuses has a name`(number: Int32) {
        let table: [Int32: Drop] = [EIO: .deviceDown, EINVAL: .writeRejected]
        #expect(TUNDevice.drop(Errno(rawValue: number)) == table[number, default: .writeFailed])
    }
}
