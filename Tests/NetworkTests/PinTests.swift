// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// The pin: a route to the peer itself, the one that a bare `--peer` makes.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct PinTests {
    @Test func `a bare peer on the link is pinned to itself, and that is the only route`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.routes
            _ = try a.up("--peer", "192.0.2.2")
            #expect(
                try a.routes.filter { !before.contains($0) } == [
                    "192.0.2.2 via 192.0.2.2 dev eth0 proto 203 src 192.0.2.1 onlink"
                ])
        }
    }

    /// See ``Lab/routedPair()`` for the router.
    @Test func `a bare peer behind a router is pinned to the router`() throws {
        try Lab.open { lab in
            let (a, _, b) = try lab.routedPair()
            let before = try a.routes
            _ = try a.up("--peer", "198.51.100.2", "--address", "10.9.0.1 peer 10.9.0.2")
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2 peer 10.9.0.1")
            let new = try a.routes.filter { !before.contains($0) && !$0.contains("dev iptun0") }
            #expect(new == ["198.51.100.2 via 192.0.2.254 dev eth0 proto 203"])
            try a.shell("ip route replace default dev iptun0")
            #expect(try a.ping("10.9.0.2") == 3)
        }
    }

    @Test func `a peer that is given by name is found, and pinned as soon as it has an address`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try lab.upB(b)
            let before = try a.routes
            let script = """
                printf '192.0.2.2 other.example\n' > \(lab.directory)/hosts
                mount --bind \(lab.directory)/hosts /etc/hosts
                exec "$@"
                """
            _ = try a.up(
                ["--peer", "other.example", "--address", "10.9.0.1 peer 10.9.0.2"],
                through: ["unshare", "-m", "sh", "-ec", script, "sh"])
            let pin = "192.0.2.2 via 192.0.2.2 dev eth0 proto 203 src 192.0.2.1 onlink"
            try eventually("it is pinned") { try a.routes.filter { !before.contains($0) }.contains(pin) }
            #expect(try a.iptund("show").text.contains("peer: other.example  192.0.2.2\n"))
            // The tunnel is up before the name has an address, and `show` knows it a little before the data threads do.
            try eventually("packets pass") { try a.ping("10.9.0.2") == 3 }
        }
    }

    @Test func `a pin that a killed tunnel left is taken over, and removed in the end`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            try a.shell("ip route add 192.0.2.2/32 via 192.0.2.2 dev eth0 proto 203 src 192.0.2.1 onlink")
            let tunnel = try a.up("--peer", "192.0.2.2")
            #expect(try tunnel.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `a peer inside of --allowed-ips is pinned too`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try lab.upB(b)
            _ = try a.up("--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0")
            #expect(try a.ping("10.9.0.2") == 3)
        }
    }

    @Test func `an equal route that is there already is left alone and survives`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip route add 192.0.2.2 dev eth0")
            let before = try a.state
            let tunnel = try a.up("--peer", "192.0.2.2")
            #expect(try a.shell("ip route show proto 203").isEmpty)
            #expect(
                tunnel.echoes.contains { $0.hasPrefix("[#] # there already, left alone: ip route add 192.0.2.2/32") })
            #expect(try tunnel.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `the pin keeps the source address of the route that it stands for`() throws {
        try Lab.open { lab in
            let (a, _, _) = try lab.routedPair()
            try a.shell("ip address add 192.0.2.50/24 dev eth0; ip route delete default")
            try a.shell("ip route add default via 192.0.2.254 src 192.0.2.50")
            let before = try a.shell("ip route get 198.51.100.2")
            _ = try a.up("--peer", "198.51.100.2")
            let after = try a.shell("ip route get 198.51.100.2")
            #expect(after == before)
        }
    }
}

extension Host {
    /// The IPv4 routes of the main table.
    var routes: [String] {
        get throws { try shell("ip -4 route | sed 's/ *$//'").split(separator: "\n").map(String.init) }
    }
}
