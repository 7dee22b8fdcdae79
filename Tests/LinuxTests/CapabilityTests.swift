// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing

@Suite struct CapabilityTests {
    static let all: [Capability] = [.netAdmin, .netRaw, .setPCap, .setUID, .setGID]

    @Test(arguments: zip(all, [12, 13, 8, 7, 6] as [Int32])) func `a capability has the kernel's number`(
        capability: Capability, number: Int32
    ) {
        #expect(capability.rawValue == number)
    }

    @Test(arguments: zip(all, ["NET_ADMIN", "NET_RAW", "SETPCAP", "SETUID", "SETGID"]))
    func `a capability has the name of its manual page`(capability: Capability, name: String) {
        #expect(capability.name == "CAP_" + name)
    }

    @Test(arguments: all) func `what is effective is what proc says`(capability: Capability) throws {
        let status = try #require(ThreadStatus(id: 0, text: try Files.read("/proc/thread-self/status")))
        #expect(capability.isEffective == (status.effective >> UInt64(capability.rawValue) & 1 == 1))
    }
}
