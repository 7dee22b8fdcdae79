// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
@testable import iptund

@Suite(.needsRoot) struct SetUpLockTests {
    /// Namespaces that nobody has: cookies are counted up from 1.
    private static let (here, elsewhere) = (UInt64.max, UInt64.max - 1)

    private static func path(_ namespace: UInt64) -> String { "\(SetUpLock.directory)/\(namespace)" }

    @Test func `one at a time, in each network namespace`() throws {
        let lock = try SetUpLock.take(in: Self.here)
        #expect(
            thrown { () throws(Errno) in _ = try LockFile(Self.path(Self.here), timeoutMilliseconds: 0) } == .wouldBlock
        )
        let other = try SetUpLock.take(in: Self.elsewhere)
        #expect(try Files.status(Self.path(Self.here)).mode == 0o600)
        other.release()
        lock.release()
        #expect(!Files.exists(Self.path(Self.here)) && !Files.exists(Self.path(Self.elsewhere)))
        try SetUpLock.take(in: Self.here).release()
    }

    @Test func `whoever the directory belongs to can take what root took before`() throws {
        try withTemporaryDirectory { directory in
            try shell("chown 65534:65534 \(directory)")
            _ = try LockFile("\(directory)/lock", timeoutMilliseconds: 0)
            let status = try Files.status("\(directory)/lock")
            #expect((status.owner, status.group, status.mode) == (65_534, 65_534, 0o600))
        }
    }
}
