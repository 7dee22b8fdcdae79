// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Two tunnels of one host that both want what only one can have.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct ConflictTests {
    private func file(_ lab: Lab, _ name: String, _ interface: String = "", peer: Int, _ allowed: String) throws
        -> String
    {
        let text =
            "[Interface]\n\(interface)\n[Peer]\nName = \(name)-peer\nEndpoint = 192.0.2.\(peer)\nAllowedIPs = \(allowed)\n"
        return try lab.file("a/\(name)", text)
    }

    @Test func `a device that another tunnel has is refused, and that one is named`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            _ = try a.up([try file(lab, "one", "Device = dev", peer: 2, "10.5.0.0/24")])
            let second = try file(lab, "two", "Device = dev", peer: 3, "10.6.0.0/24")
            let message = try a.refuses([Host.program, "up", second], status: 1)
            explains(message)
            #expect(message.hasPrefix("iptund: device dev: is tunnel one's already; "))
        }
    }

    /// In the table `main`, and in tables of the tunnels' own, since each peer is in its prefix.
    @Test(arguments: ["10.5.0.0/24", "192.0.2.0/25"])
    func `a prefix that another tunnel has is refused, and both peers are named`(prefix: String) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            _ = try a.up([try file(lab, "one", peer: 2, "10.4.0.0/24, \(prefix)")])
            let second = try file(lab, "two", peer: 3, "10.6.0.0/24, \(prefix)")
            let message = try a.refuses([Host.program, "up", second], status: 1)
            explains(message)
            let why = "AllowedIPs of peer two-peer: \(prefix) goes to peer one-peer of tunnel one already; "
            #expect(message.hasPrefix("iptund: \(why)"))
        }
    }

    @Test func `a reload does not take a prefix that another tunnel has`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            _ = try a.up([try file(lab, "one", peer: 2, "10.5.0.0/24")])
            _ = try a.up([try file(lab, "two", peer: 3, "10.6.0.0/24")])
            _ = try file(lab, "two", peer: 3, "10.5.0.0/24")
            let message = try a.refuses([Host.program, "reload", "two"], status: 1)
            explains(message)
            #expect(message.contains("10.5.0.0/24 goes to peer one-peer of tunnel one already"))
        }
    }

    @Test func `a part of what another tunnel has is fine, and so is the same prefix in a table of its own`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let tunnels = [
                try a.up([try file(lab, "one", peer: 2, "10.5.0.0/24")]),
                try a.up([try file(lab, "two", peer: 3, "10.5.0.0/25")]),
                try a.up([try file(lab, "three", "Table = 100", peer: 4, "10.5.0.0/24")]),
            ]
            #expect(try a.device(to: "10.5.0.1") == "two" && a.device(to: "10.5.0.129") == "one")
            for tunnel in tunnels { #expect(try tunnel.end() == 0) }
            let changes = try a.changes(since: before)
            #expect(changes == [])
        }
    }

    /// The directory of locks is iptund's, so that its tunnels and root's wait for each other; here it is nobody's.
    @Test func `a lock that the user of tunnels holds keeps root from its work for five seconds, and no longer`() throws
    {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let script = """
                mount -t tmpfs -o mode=755 tmpfs /run
                mkdir -p /run/iptund; install -d -m 700 -o 65534 -g 65534 /run/iptund/.locks
                cookie=$(python3 -c 'import socket; print(int.from_bytes(socket.socket().getsockopt(1, 71, 8), "little"))')
                setpriv --reuid 65534 --regid 65534 --clear-groups flock /run/iptund/.locks/$cookie sleep 40 &
                while [ ! -e /run/iptund/.locks/$cookie ]; do sleep 0.01; done
                exec "$@"
                """
            let start = Clock.milliseconds
            let tunnel = try a.up(["--peer", "192.0.2.2"], through: ["unshare", "-m", "sh", "-ec", script, "sh"])
            #expect((5_000..<15_000).contains(Clock.milliseconds - start))
            #expect(tunnel.process.text.contains("has been held for 5 seconds: going on without"))
            #expect(try a.shell("ip route").contains("proto 203"))
            let keeper = try tunnel.keeper
            for child in tunnel.process.children where child != keeper { kill(child, SIGKILL) }
            tunnel.process.signal(SIGTERM)
            try eventually("the keeper is done, too") { Running.isGone(keeper) }
            #expect(try !a.shell("ip route").contains("proto 203"))
        }
    }

    @Test func `a tunnel that was killed together with its keeper is in nobody's way`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let first = try a.up([try file(lab, "one", peer: 2, "10.5.0.0/24")])
            _ = try Lab.command("kill", "-9", "\(try first.keeper)")
            #expect(try first.end(9) == 128 + 9)
            _ = try a.up([try file(lab, "two", peer: 3, "10.5.0.0/24")])
            #expect(try a.device(to: "10.5.0.1") == "two")
        }
    }
}
