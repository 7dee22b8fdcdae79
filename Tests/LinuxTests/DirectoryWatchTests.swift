// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing

@Suite struct DirectoryWatchTests {
    @Test func `names that go are told once, whatever else happens`() throws {
        let (before, seen, after) = try withTemporaryDirectory { directory in
            for name in ["stays", "goes", "moves", "ü b"] { try Files.write([1], to: "\(directory)/\(name)") }
            let watch = try DirectoryWatch(directory)
            let before = watch.removed()
            for name in ["goes", "ü b"] { Files.remove("\(directory)/\(name)") }
            unsafe rename("\(directory)/moves", "\(directory)/new")
            try Files.write([2], to: "\(directory)/stays")
            return (before, watch.removed(), watch.removed())
        }
        #expect(before.isEmpty && after.isEmpty)
        #expect(seen == ["goes", "ü b", "moves"])
    }

    @Test func `a directory that is not there cannot be watched`() {
        #expect(throws: Errno.noSuchFile) { _ = try DirectoryWatch("/nowhere") }
    }
}
