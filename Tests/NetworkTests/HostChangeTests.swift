// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What a tunnel does to its host beside routes, and that it can be known beforehand.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct HostChangeTests {
    /// 65534 without any capability that has to do with the network; it may read, wherever the program was built.
    private static let nobody = [
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all,+dac_read_search",
        "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
    ]

    @Test(arguments: [[], nobody])
    func `a dry run prints what up prints, and changes nothing`(prefix: [String]) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            for arguments in [
                ["--peer", "192.0.2.2"],
                ["--peer", "192.0.2.2", "--address", "10.9.0.1 peer 10.9.0.2", "--mtu", "1400", "--device", "other"],
                ["--peer", "192.0.2.2", "--address", "10.9.0.1/32,10.9.0.9/32", "--allowed-ips", "0.0.0.0/0"],
            ] {
                let dry = try a.run(prefix + [Host.program, "up", "--dry-run"] + arguments)
                #expect(dry.status == 0)
                #expect(try a.changes(since: before) == [])
                let tunnel = try a.up(arguments)
                #expect(dry.text.split(separator: "\n").map(String.init) == tunnel.echoes)
                #expect(try tunnel.end() == 0)
            }
        }
    }

    @Test func `every change that is printed is a command that works`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell("ip address flush dev eth0; ip address add 192.0.2.1/24 dev eth0")
            let arguments = ["--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "192.0.0.0/8"]
            let dry = try a.run([Host.program, "up", "--dry-run"] + arguments).text
            try b.shell(dry.split(separator: "\n").map { $0.dropFirst("[#] ".count) }.joined(separator: "\n"))
            _ = try a.up(arguments)
            // No carrier where no daemon is: that is all that may differ.
            let question = """
                ip -4 route | sed 's/linkdown //'; ip -4 -o address show dev iptun0 | cut -d ' ' -f 2-
                ip link show iptun0 | grep -o 'mtu [0-9]*'
                """
            let (done, typed) = (try a.shell(question), try b.shell(question))
            #expect(done == typed)
        }
    }

    @Test(arguments: [
        ("", 1480),
        ("ip link set eth0 mtu 1400", 1380),
        ("ip route change 192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1 mtu 1300", 1280),
        ("ip link set eth0 mtu 9000", 8980),
        ("ip link set eth0 mtu 80", 68),
    ])
    func `the MTU is that of the way to the peer, less the outer header`(preparation: String, mtu: Int) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell(preparation)
            let tunnel = try a.up("--peer", "192.0.2.2")
            #expect(try tunnel.report().mtu == mtu)
            #expect(try a.shell("ip link show dev iptun0").contains(" mtu \(mtu) "))
        }
    }

    @Test func `a given MTU is taken, and one that cannot pass is warned about`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let modest = try a.up("--peer", "192.0.2.2", "--mtu", "1000", "--device", "modest")
            #expect(try modest.report().mtu == 1000)
            #expect(!modest.process.text.contains("exceeds-mtu"))
            #expect(try modest.end() == 0)
            let daring = try a.up("--peer", "192.0.2.2", "--mtu", "1481", "--device", "daring")
            #expect(try daring.report().mtu == 1481)
            #expect(daring.process.text.contains("MTU = 1481 is more than eth0 can carry"))
        }
    }
}
