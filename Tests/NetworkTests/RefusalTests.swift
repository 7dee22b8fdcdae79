// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What cannot be done is said in one line, with the reason and what to do now, and leaves the host alone.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct RefusalTests {
    @Test(arguments: [
        ["--peer", "192.0.2.1"],
        ["--peer", "192.0.2.255"],
        ["--peer", "192.0.2.2", "--proxy-arp", "lan", "--allowed-ips", "10.9.0.0/24"],
        ["--peer", "192.0.2.2", "--local", "192.0.2.9"],
        ["--peer", "192.0.2.2", "--device", "eth0"],
    ])
    func `what this host cannot do`(arguments: [String]) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            explains(try a.refuses([Host.program, "up"] + arguments, status: 1))
        }
    }

    @Test(arguments: ["net_admin", "net_raw"])
    func `a missing capability`(capability: String) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let message = try a.refuses(
                [
                    "setpriv", "--inh-caps=-\(capability)", "--bounding-set=-\(capability)", Host.program, "up",
                    "--peer", "192.0.2.2",
                ], status: 1)
            explains(message)
            #expect(message.contains("CAP_\(capability.uppercased()) is missing"))
        }
    }

    @Test func `a missing TUN driver`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let script = #"mount -t tmpfs tmpfs /dev/net; exec "$0" up --peer 192.0.2.2"#
            let message = try a.refuses(["unshare", "-m", "sh", "-ec", script, Host.program], status: 1)
            explains(message)
            #expect(message.contains("/dev/net/tun"))
        }
    }

    @Test func `a name that is up already`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let first = try a.up("--peer", "192.0.2.2")
            let start = Clock.milliseconds
            let message = try a.refuses([Host.program, "up", "--peer", "192.0.2.2", "--device", "iptun0"], status: 1)
            explains(message)
            #expect(message.contains("is up already"))
            #expect(Clock.milliseconds - start < 15_000)
            #expect(try first.report().state == "up")
            #expect(try first.end() == 0)
        }
    }

    @Test func `a second tunnel that would deliver what the first one does`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let first = try a.up("--peer", "192.0.2.2", "--allowed-ips", "10.9.0.0/16", "--device", "first")
            let up = [Host.program, "up", "--peer", "192.0.2.2", "--allowed-ips"]
            let message = try a.refuses(up + ["10.9.7.0/24"], status: 1)
            explains(message)
            #expect(message.contains("tunnel first takes 10.9.7.0/24 from it already"))
            #expect(try a.refuses(up + ["10.9.7.0/24", "--dry-run"], status: 1) == message)
            #expect(try a.up("--peer", "192.0.2.2", "--allowed-ips", "10.10.0.0/16").end() == 0)
            #expect(try first.end() == 0)
        }
    }

    @Test func `a TUN device that another program uses`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let other = try a.start([
                "/usr/bin/python3", "-c",
                """
                import fcntl, struct, time
                tun = open("/dev/net/tun", "rb+", buffering=0)
                fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"mine", 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
                print("ready", flush=True)
                time.sleep(60)
                """,
            ])
            try other.waitFor("ready")
            explains(try a.refuses([Host.program, "up", "--peer", "192.0.2.2", "--device", "mine"], status: 1))
        }
    }

    @Test func `a route that is in the way, seen before anything is changed`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add 10.9.2.0/24 via 192.0.2.99")
            let up = [Host.program, "up", "--peer", "192.0.2.2", "--allowed-ips", "10.9.1.0/24,10.9.2.0/24"]
            let message = try a.refuses(up, status: 1)
            explains(message)
            #expect(message.contains("ip route add 10.9.2.0/24"))
            #expect(try a.refuses(up + ["--dry-run"], status: 1) == message)
        }
    }

    /// A route with two next hops is more than the plan can see.
    @Test func `a route that shows only when it is in the way, after which everything is taken back`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add 10.9.2.0/24 nexthop via 192.0.2.98 nexthop via 192.0.2.99")
            let before = try a.state
            let ending = try a.iptund(
                "up", "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.1.0/24,10.9.2.0/24")
            #expect(ending.status == 1)
            let complaints = ending.text.split(separator: "\n").filter { $0.contains("cannot ") }
            #expect(complaints.count == 1)
            #expect(complaints.first?.contains("ip route add 10.9.2.0/24") == true)
            #expect(complaints.first?.contains("; ") == true)
            #expect(try a.changes(since: before) == [])
        }
    }
}
