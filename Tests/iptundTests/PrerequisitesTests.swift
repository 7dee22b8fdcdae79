// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Linux
import Testing
@testable import iptund

@Suite struct PrerequisitesTests {
    @Test(.needsRoot) func `with both capabilities and the driver there is nothing to complain about`() throws {
        try Prerequisites.check()
    }

    @Test(.needsRoot, arguments: [("CAP_NET_ADMIN", false), ("CAP_NET_RAW", true)])
    func `a capability that is missing is named, with the remedy`(name: String, hasOther: Bool) async {
        await #expect(processExitsWith: .success) { [name, hasOther] in
            _ = try Privileges.reduce(to: hasOther ? [.netAdmin] : [.netRaw])
            let error = #expect(throws: Complaint.self) { try Prerequisites.check() }
            #expect(error?.what == "\(name) is missing")
            #expect(error?.whatNow == "run it as root, or give it CAP_NET_ADMIN and CAP_NET_RAW")
        }
    }
}
