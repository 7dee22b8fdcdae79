// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// The unit in real machines, as an administrator meets it.
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct ServiceTests {
    @Test func `started on both sides it says that it is ready, and carries packets`() throws {
        try Site.open { site in
            try site.start()
            for unit in [site.a, site.b] { #expect(try unit.isActive) }
            #expect(try site.a.property("StatusText") == "192.0.2.1 to 192.0.2.2")
            #expect(try site.ping() == 3)
            try site.expectStream(megabytes: 20)
            #expect(try site.a.property("NRestarts") == "0")
        }
    }

    @Test func `stopped it leaves nothing`() throws {
        try Site.open { site in
            let before = try site.a.container.state
            try site.start()
            #expect(try site.ping() == 3)
            try site.a.stop()
            #expect(try site.a.property("Result") == "success")
            #expect(try site.a.container.state.difference(from: before).isEmpty)
        }
    }
}
