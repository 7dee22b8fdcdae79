// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A reload makes the host what the file says, whatever became of it meanwhile.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct ReloadRepairTests {
    private static let file = """
        [Interface]
        Address = 10.9.0.1/32
        KillSwitch = yes
        [Peer]
        Endpoint = 192.0.2.2
        AllowedIPs = 192.0.0.0/16, 203.0.113.0/24
        """

    @Test(arguments: [
        "ip route flush proto 203", "ip link set mine down; ip link set mine up", "ip rule delete table 1994000",
        "ip address delete 10.9.0.1/32 dev mine",
    ])
    func `what somebody removed is there again`(script: String) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add default via 192.0.2.2")
            let before = try a.state
            let tunnel = try a.up(try lab.file("a/mine", Self.file))
            let whole = try a.state
            try a.shell(script)
            #expect(try a.iptund("reload", "mine").status == 0)
            #expect(Set(try a.state) == Set(whole))
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test(arguments: 1...8)
    func `a reload that is killed half-way is completed by the next one`(call: Int) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let tunnel = try a.up(try lab.file("a/mine", Self.file))
            let changed = Self.file.replacing("203.0.113.0/24", with: "198.51.100.0/24")
            _ = try lab.file("a/mine", changed)
            // Of all that it sends to the kernel, somewhere between writing the new list and the end.
            let injection = "inject=sendmsg:signal=SIGKILL:when=\(call * 5)"
            _ = try a.run(["strace", "-f", "-o", "/dev/null", "-e", injection, Host.program, "reload", "mine"])
            #expect(try a.iptund("reload", "mine").status == 0)
            #expect(try a.device(to: "198.51.100.9") == "mine")
            #expect(try a.shell("ip route show table all 203.0.113.0/24").isEmpty)
            #expect(try a.shell("ip route show table all type unreachable").contains("198.51.100.0/24"))
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `reloads at once are done one after the other`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let tunnel = try a.up(try lab.file("a/mine", Self.file))
            for number in 1...5 {
                let prefix = "198.51.100.\(number)/32"
                _ = try lab.file("a/mine", Self.file.replacing("203.0.113.0/24", with: prefix))
                let reloads = try (1...3).map { _ in try a.start([Host.program, "reload", "mine"]) }
                for reload in reloads { #expect(try reload.wait() == 0) }
                #expect(try a.device(to: "198.51.100.\(number)") == "mine")
            }
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try a.changes(since: before) == [])
        }
    }
}
