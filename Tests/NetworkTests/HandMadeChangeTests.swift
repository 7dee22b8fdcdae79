// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What people change by hand while a tunnel is up: what they add is theirs, what they remove of the tunnel's is made again;
/// neither makes the end fail, or outlives it.
@Suite(.needsRoot)
struct HandMadeChangeTests {
    /// See ``Lab/gateway()`` for the network. After the end, the second command must find what the first one made, and
    /// make the host what it was before the tunnel.
    @Test(
        arguments: [
            ("ip address add 10.7.0.1/24 dev mine", "ip address delete 10.7.0.1/24 dev mine"),
            ("ip address delete 10.9.0.9/32 dev mine", ""),
            ("ip address delete 10.9.0.1/32 dev mine", ""),
            ("ip route delete 10.30.0.0/16", ""),
            ("ip route replace 10.30.0.0/16 via 10.20.1.9", "ip route delete 10.30.0.0/16 via 10.20.1.9 proto boot"),
            ("ip route add 10.30.7.0/24 via 10.20.1.9", "ip route delete 10.30.7.0/24 via 10.20.1.9"),
            (
                "ip route add 10.30.7.0/24 via 10.20.1.9 table 1994000",
                "ip route delete 10.30.7.0/24 via 10.20.1.9 table 1994000"
            ),
            ("ip rule delete priority 29000", ""),
            ("ip rule add priority 30050 lookup 99", "ip rule delete priority 30050 lookup 99"),
            ("ip neigh delete proxy 10.9.0.2 dev lan", ""),
            ("ip neigh add proxy 10.9.0.77 dev lan", "ip neigh delete proxy 10.9.0.77 dev lan"),
            ("ip link set mine mtu 1300", ""), ("ip link set mine down", ""),
            ("echo 1 > /proc/sys/net/ipv4/conf/mine/rp_filter", ""),
            ("echo 1 > /proc/sys/net/ipv4/conf/lan/send_redirects", ""),
            ("echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects", ""),
            ("echo 0 > /proc/sys/net/ipv4/conf/lan/proxy_arp", ""),
            ("echo 0 > /proc/sys/net/ipv4/conf/lan/forwarding", ""),
        ], [WayToEnd.terminated, .killedWithKeeper])
    func `the end leaves the host as it was, and what others added`(
        change: (made: String, undone: String), way: WayToEnd
    ) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            let a = gateway.a
            try Variety.persistent.prepare(gateway)
            let before = try a.state
            let tunnel = try a.up(Variety.persistent.arguments(gateway))
            let whole = try a.state
            try a.shell(change.made)
            if change.undone.isEmpty {
                try eventually("it is mended", within: 2) { Set(whole).isSubset(of: try a.state) }
            }
            if try way.perform(tunnel) { try a.down(Variety.name) }
            #expect(!tunnel.process.text.contains("cannot"), "\(tunnel.process.text)")
            try a.shell(change.undone)
            #expect(try a.changes(since: before) == [])
        }
    }

    /// The list of changes that a tunnel left, after somebody or something had to do with it.
    @Test(arguments: [
        (#"sed -i 's/"boot":"[^"]*"/"boot":"another"/' state.json"#, 0, "mine: nothing to do"),
        (#"sed -i 's/"namespace":[0-9]*/"namespace":1/' state.json"#, 0, "mine: nothing to do"),
        (#"sed -i 's/"home":[0-9]*/"home":1/' state.json"#, 0, "mine: nothing to do"),
        ("echo garbage > state.json", 1, "it is no state of this version"),
        ("cp /dev/null state.json", 1, "it is no state of this version"),
        (#"sed -i 's/"schema":1/"schema":99/' state.json"#, 1, "it is no state of this version"),
        // What no tunnel makes nobody takes back: here, somebody else's route.
        (#"sed -i 's/"protocolNumber":203/"protocolNumber":2/' state.json"#, 1, "it is no state of this version"),
        ("mv state.json elsewhere; ln -s elsewhere state.json", 1, "state.json"),
        ("ln -sf /dev/zero state.json", 1, "state.json"),
        ("rm state.json; mkfifo -m 600 state.json", 1, "state.json"),
        ("rm state.json; mkdir state.json", 1, "state.json"),
        ("chown 1234 state.json", 1, "cannot trust"),
        ("chmod 0622 state.json", 1, "cannot trust"),
    ])
    func `a list that cannot be true is not followed`(tampering: String, status: Int32, text: String) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            let a = gateway.a
            #expect(try WayToEnd.killedWithKeeper.perform(try a.up(Variety.everything.arguments(gateway))))
            let directory = "/run/iptund/\(try #require(try a.runtimeDirectories.first))"
            // The lab takes the namespace away, and everything that was left in it.
            defer { _ = try? Lab.command("rm", "-r", "-f", directory) }
            let before = try a.state.filter { !$0.contains("@") }
            try a.shell("cd \(directory); \(tampering)")
            for command in ["down", "up"] {
                let words = command == "up" ? ["up"] + Variety.everything.arguments(gateway) : ["down", Variety.name]
                if command == "up", status == 0 { continue }
                let ending = try a.run(["timeout", "5", Host.program] + words)
                #expect(ending.status == status, "\(ending.text)")
                #expect(ending.text.contains(text), "\(ending.text)")
                if status != 0 { explains(ending.text) }
                #expect(try a.state.filter { !$0.contains("@") } == before)
            }
        }
    }
}
