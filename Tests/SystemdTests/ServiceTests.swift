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

    @Test func `systemd finds nothing wrong with the unit, and little that it leaves open`() throws {
        try Unit.open { unit in
            let verdict = try unit.container.shell("systemd-analyze verify --man=no \(unit.name) 2>&1")
            #expect(verdict == "")
            try unit.container.shell("systemd-analyze security --threshold=20 \(unit.name)")
        }
    }

    @Test func `enabled it comes with the machine, and disabled not`() throws {
        try Unit.open { unit in
            try unit.container.shell("systemctl enable \(unit.name)")
            let wanted = "systemctl list-dependencies --plain multi-user.target"
            #expect(try unit.container.shell(wanted).contains(unit.name))
            // Before whatever needs the network, and after nothing that could take long.
            let after = try unit.property("After").split(separator: " ")
            #expect(!after.contains { ["network-online.target", "nss-lookup.target", "network.target"].contains($0) })
            #expect(try unit.property("Before").contains("network.target"))
            try unit.container.shell("systemctl disable \(unit.name)")
            #expect(try !unit.container.shell(wanted).contains(unit.name))
        }
    }

    @Test func `a reload changes a peer, and what belongs to no other is not lost`() throws {
        try Site.open { site in
            try site.start()
            let process = try site.a.property("MainPID")
            let log = "/tmp/\(site.a.container.name).pings"
            defer { Files.remove(log) }
            let pings = try ChildProcess.start(
                site.a.container.netCommand("ping", "-n", "-q", "-c", "100", "-i", "0.02", "10.9.0.2"),
                output: .file(log))
            try site.a.configure(Site.fileOfA + "AllowedIPs = 10.9.0.2/32, 10.9.7.0/24\n")
            try site.a.container.shell("systemctl reload \(site.a.name)")
            #expect(try site.a.container.shell("ip route get 10.9.7.1").contains("dev x"))
            #expect(try site.a.property("MainPID") == process)
            #expect(try pings.wait() == 0)
            #expect(try Files.read(log).contains(" 100 received"))
        }
    }

    @Test func `a tunnel that forwards can switch redirects off`() throws {
        try Unit.open { unit in
            let redirects = "cat /proc/sys/net/ipv4/conf/all/send_redirects"
            #expect(try unit.container.shell(redirects) == "1\n")
            try unit.configure(
                "[Interface]\nAddress = 10.9.0.1/32\nForward = on\n[Peer]\nEndpoint = 192.0.2.2\nAllowedIPs = 10.9.7.0/24\n"
            )
            try unit.start()
            #expect(try unit.container.shell(redirects) == "0\n")
            try unit.stop()
            #expect(try unit.container.shell(redirects) == "1\n")
        }
    }

    @Test func `each line of the log has a priority, and what went wrong a higher one`() throws {
        try Unit.open { unit in
            try unit.configure(Site.fileOfA)
            try unit.start()
            try unit.configure("nonsense")
            try unit.stop()
            _ = try unit.startInVain()
            let priorities = try unit.container.journal(
                unit.name, "-o json --output-fields=PRIORITY,MESSAGE _COMM=iptund")
            #expect(priorities.contains { $0.contains(" is up: ") && ($0.contains("\"6\"") || $0.contains("\"5\"")) })
            #expect(priorities.contains { $0.contains("x.conf:1") && $0.contains("\"3\"") })
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
