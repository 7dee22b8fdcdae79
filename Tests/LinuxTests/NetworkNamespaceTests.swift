// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@Suite struct NetworkNamespaceTests {
    @Test func `the number is that of the file in proc`() throws {
        let ending = try ChildProcess.run(["stat", "-L", "-c", "%i", "/proc/self/ns/net"])
        #expect(ending.text == "\(try NetworkNamespace.current().inode)\n")
    }

    @Test func `asking twice gives the same answer`() throws {
        #expect(try NetworkNamespace.current() == NetworkNamespace.current())
    }

    @Test(.needsRoot) func `one that was made later is not the first`() throws {
        let isFirst = try inFreshNetwork { try NetworkNamespace.current().isFirst }
        #expect(!isFirst)
    }
}
