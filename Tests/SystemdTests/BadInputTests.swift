// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What cannot work: one line in `systemctl status` says why, and the unit does not run wild.
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct BadInputTests {
    /// Expects that the start failed for good, since a second one would not help.
    private func expectEnd(_ unit: Unit, because reason: String) throws {
        let status = try unit.startInVain()
        #expect(status.contains(reason), "\(status)")
        #expect(try unit.number("ExecMainStatus") == 2)
        #expect(try unit.property("ActiveState") == "failed")
        #expect(try unit.number("NRestarts") == 0)
        try expectNothingLeft(unit)
    }

    /// Expects that the start failed, and that it is tried again once a second, no more often.
    private func expectTrials(_ unit: Unit, because reason: String) throws {
        let status = try unit.startInVain()
        #expect(status.contains(reason), "\(status)")
        #expect(try unit.number("ExecMainStatus") == 1)
        try eventually("it was tried three times") { try unit.number("NRestarts") >= 3 }
        try unit.stop()
        let times = try unit.starts
        #expect(zip(times, times.dropFirst()).hasOnly { $1 - $0 >= 1_000_000 }, "\(times)")
        try expectNothingLeft(unit)
    }

    private func expectNothingLeft(_ unit: Unit) throws {
        #expect(try unit.container.shell("ip -o link show x 2> /dev/null || true; ls /run/iptund") == "")
        #expect(
            try unit.container.shell("ip rule show; ip route show proto 203; ip route show table all proto 203")
                .contains("203") == false)
    }

    @Test func `without the TUN driver it is tried again, and says what is missing`() throws {
        try Unit.open { unit in
            try unit.configure(Site.fileOfA)
            try unit.override("BindPaths=")
            try expectTrials(unit, because: "cannot open /dev/net/tun: this system or container has none")
        }
    }

    @Test func `without capabilities it is tried again, and says which`() throws {
        try Unit.open { unit in
            try unit.configure(Site.fileOfA)
            try unit.override("AmbientCapabilities=\nCapabilityBoundingSet=")
            try expectTrials(unit, because: "CAP_NET_ADMIN is missing")
        }
    }

    @Test func `a file with a mistake is not tried again`() throws {
        try Unit.open { unit in
            try unit.configure("[Interface]\nAdress = 10.9.0.1/24\n[Peer]\nEndpoint = 192.0.2.2\n")
            try expectEnd(unit, because: "x.conf:2:1: 'Adress': there is no such key in [Interface]")
        }
    }

    @Test func `a file that is not there is not tried again`() throws {
        try Unit.open { unit in try expectEnd(unit, because: "/etc/iptund/x.conf: No such file") }
    }

    @Test func `a file that the daemon's user cannot read is not tried again`() throws {
        try Unit.open { unit in
            try unit.configure(Site.fileOfA)
            try unit.container.shell("chmod 600 /etc/iptund/x.conf")
            try expectEnd(unit, because: "/etc/iptund/x.conf: Permission denied")
        }
    }

    @Test func `another network namespace is refused in one line`() throws {
        try Unit.open { unit in
            try unit.container.shell("mount --make-rshared /run; ip netns add inner")
            try unit.configure("[Interface]\nNetns = inner\n[Peer]\nEndpoint = 192.0.2.2\n")
            try expectTrials(unit, because: "cannot enter network namespace 'inner'")
        }
    }

    @Test func `a second one by hand is refused, and the first goes on`() throws {
        try Site.open { site in
            try site.start()
            let process = try site.a.property("MainPID")
            let ending = try site.a.container.run(["iptund", "up", "x"])
            #expect(ending.status == 1)
            #expect(ending.text.contains("already"), "\(ending.text)")
            #expect(try site.a.property("MainPID") == process)
            #expect(try site.ping() == 3)
            try site.a.stop()
            try expectNothingLeft(site.a)
        }
    }

    @Test func `without DNS it is up, and takes the peer when there is one`() throws {
        try Site.open { site in
            try site.a.configure(Site.fileOfA.replacing("Endpoint = 192.0.2.2", with: "Endpoint = far.example"))
            try site.start()
            #expect(try site.a.isActive)
            #expect(try site.a.property("StatusText").contains("far.example"))
            try site.a.container.shell("echo 192.0.2.2 far.example >> /etc/hosts")
            // It asks once a minute, or when it is told to.
            try site.a.container.shell("systemctl reload \(site.a.name)")
            try site.waitForTraffic()
        }
    }
}
