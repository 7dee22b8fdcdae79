// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What a package of a service has to be good for, on a real system.
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct PackageTests {
    @Test func `an upgrade starts a running tunnel again and no other, and purging leaves nothing`() throws {
        let container = try Container()
        defer { container.clear() }
        let files = "find / -xdev ! -path '/proc/*' -name '*iptund*' ! -path '/root/*' ! -path '/var/log/*'"
        let before = try container.state
        try container.install()
        let unit = Unit(container: container)
        try unit.configure(Site.fileOfA)
        #expect(try !unit.isActive)
        try unit.start()
        let process = try unit.property("MainPID")
        try container.install()
        #expect(try unit.isActive)
        #expect(try unit.property("MainPID") != process)
        try container.shell("rm /etc/iptund/x.conf; dpkg --purge iptund")
        #expect(try container.shell(files) == "")
        #expect(try container.state.difference(from: before).isEmpty)
    }
}
