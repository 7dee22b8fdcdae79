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
        // What a kill switch of a stopped one left, nobody could take back without the program.
        try unit.configure(
            "[Interface]\nKillSwitch = yes\n[Peer]\nEndpoint = 192.0.2.2\nAllowedIPs = 203.0.113.0/24\n")
        try container.shell("systemctl restart \(unit.name); systemctl stop \(unit.name)")
        #expect(try container.net("nft", "list", "ruleset").contains("table ip iptund-x"))
        try container.shell("rm /etc/iptund/x.conf; dpkg --purge iptund")
        #expect(try container.shell(files) == "")
        #expect(try container.state.difference(from: before).isEmpty)
    }
}
