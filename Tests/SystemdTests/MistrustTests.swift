// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What somebody who has become the user iptund could leave for root to find: `down` and `reload` are root's.
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct MistrustTests {
    /// A tunnel that runs, and is about to be replaced by somebody with all rights of its user.
    private func open(_ body: (Unit) throws -> Void) throws {
        try Unit.open { unit in
            try unit.configure(Site.fileOfA)
            try unit.start()
            try body(unit)
        }
    }

    /// Runs a script as the user iptund.
    private func asUser(_ unit: Unit, _ script: String) throws {
        try unit.container.write("/tmp/script", script)
        try unit.container.shell("setpriv --reuid iptund --regid iptund --clear-groups sh -e /tmp/script")
    }

    @Test(arguments: ["state.json", "lock", "control.sock"])
    func `a link in place of a file leads root nowhere`(name: String) throws {
        try open { unit in
            let container = unit.container
            try container.shell("echo secret > /run/secret; chmod 600 /run/secret")
            try asUser(unit, "rm -f /run/iptund/x/\(name); ln -s /run/secret /run/iptund/x/\(name)")
            _ = try container.run(["systemctl", "reload", unit.name])
            _ = try container.run(["systemctl", "stop", unit.name])
            let directory = ["env", "RUNTIME_DIRECTORY=/run/iptund/x"]
            _ = try container.run(directory + ["iptund", "down", "x"])
            #expect(try container.shell("stat -c '%a %U' /run/secret; cat /run/secret") == "600 root\nsecret\n")
            // Who starts it by hand takes the directory away from that user.
            try asUser(unit, "mkdir /run/iptund/x 2> /dev/null || true")
            _ = try container.run(directory + ["timeout", "2", "iptund", "up", "x"])
            #expect(try container.shell("stat -c '%a %U' /run/secret; cat /run/secret") == "600 root\nsecret\n")
        }
    }

    @Test func `a link in place of a lock keeps nobody from starting, and is not followed`() throws {
        try open { unit in
            let container = unit.container
            try container.shell("echo secret > /run/secret; chmod 600 /run/secret")
            try asUser(unit, "cd /run/iptund/.locks; for i in $(seq 99); do ln -s /run/secret $i; done")
            try container.shell("systemctl restart \(unit.name)")
            try unit.stop()
            #expect(try container.shell("stat -c '%a %U' /run/secret; cat /run/secret") == "600 root\nsecret\n")
        }
    }

    /// What is put in the place of what stands in a state.
    enum Lie: String, CaseIterable {
        case device, file, namespace

        func told(in state: String, index: String) -> String {
            switch self {
            case .device:
                state.replacing(#/\{"index":\d+,"name":"x"\}/#, with: #"{"index":\#(index),"name":"eth7"}"#)
            case .file: state.replacing("/etc/iptund/x.conf", with: "/etc/shadow")
            case .namespace: state.replacing(#/^\{/#, with: #"{"namespaceName":"../../proc/1/ns/net","#)
            }
        }
    }

    @Test(arguments: Lie.allCases)
    func `a state that asks for more than tunnels do changes nothing of the host's`(lie: Lie) throws {
        try open { unit in
            let container = unit.container
            try container.shell("ip link add eth7 type veth peer name eth8; ip link set eth7 mtu 1400 up")
            try container.shell("ip address add 10.9.0.1 peer 10.9.0.2 dev eth7")
            let path = container.root + "/run/iptund/x/state.json"
            let index = try container.shell("cat /sys/class/net/eth7/ifindex").dropLast()
            let (state, owner) = (try Files.read(path), try #require(Files.ownerOfDirectory(of: path)))
            let told = lie.told(in: state, index: String(index))
            #expect(told != state)
            try Files.replace(path, with: Array(told.utf8), mode: 0o600, owner: owner)
            let answer = try container.run(["systemctl", "reload", unit.name])
            #expect(answer.status != 0 || lie == .namespace)
            _ = try container.run(["systemctl", "stop", unit.name])
            let shown = try container.shell("ip address show dev eth7")
            #expect(shown.contains("mtu 1400") && shown.contains(",UP") && shown.contains("10.9.0.1"), "\(shown)")
            // What /etc/shadow says is no part of a message.
            #expect(try unit.journal.hasOnly { !$0.contains("root:") })
        }
    }

    /// Root's keeper has no capability to read what it may not, and the unit's list is for the group iptund alone.
    @Test(arguments: ["roots", "iptund@x"])
    func `a tunnel of root's and one of systemd's share the LAN, whichever ends first`(first: String) throws {
        try Unit.open { unit in
            let container = unit.container
            try container.shell("ip link add lan type veth peer name far; ip link set lan up; ip link set far up")
            let before = try container.state
            try unit.configure(
                """
                [Interface]
                Address = 10.9.0.1/32
                Forward = yes
                ProxyARP = lan
                [Peer]
                Endpoint = 192.0.2.2
                AllowedIPs = 10.9.0.2/32

                """)
            try unit.start()
            try container.shell(
                "systemd-run -q -u roots -p Type=notify iptund up --peer 192.0.2.3 --device r --address 10.9.2.1/32 --allowed-ips 10.9.2.2/32 --forward --proxy-arp lan"
            )
            let forwarding = "cat /proc/sys/net/ipv4/conf/lan/forwarding /proc/sys/net/ipv4/conf/all/send_redirects"
            #expect(try container.shell(forwarding) == "1\n0\n")
            let second = first == "roots" ? "iptund@x" : "roots"
            try container.shell("systemctl stop \(first)")
            #expect(try container.shell(forwarding) == "1\n0\n")
            // It was never off, so nothing was made again.
            #expect(try container.journal(second).hasOnly { !$0.contains("restored") })
            try container.shell("systemctl stop \(second)")
            #expect(try container.state.difference(from: before).isEmpty)
        }
    }
}
