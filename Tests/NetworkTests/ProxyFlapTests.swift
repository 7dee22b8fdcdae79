// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What the kernel forgets when a link goes down, and nobody but root can make again.
///
/// See ``Lab/gateway()`` for the hosts.
@Suite(.needsRoot)
struct ProxyFlapTests {
    private static let arguments = [
        "--device", "mine", "--peer", "192.0.2.2", "--allowed-ips", "10.20.1.64/32", "--forward", "--proxy-arp", "lan",
    ]

    @Test func `a LAN that was down ends the tunnel, and a new start answers again`() throws {
        try Lab.open { lab in
            let hosts = try lab.gateway()
            let before = try hosts.a.state
            _ = try hosts.b.up("--peer", "192.0.2.1", "--address", "10.20.1.64/32", "--allowed-ips", "10.20.1.0/24")
            let tunnel = try hosts.a.up(Self.arguments)
            #expect(try hosts.left.ping("10.20.1.64") == 3)
            try hosts.a.shell("ip link set lan down; ip link set lan up")
            #expect(try tunnel.process.wait() == 1)
            #expect(tunnel.process.text.contains("ProxyARP = lan: the link was down"))
            let again = try hosts.a.up(Self.arguments)
            try eventually("it answers again") { try hosts.left.ping("10.20.1.64", count: 1, "-W", "0.5") == 1 }
            #expect(try again.end() == 0)
            #expect(try hosts.a.changes(since: before) == [])
        }
    }

    @Test func `a single entry that somebody removes is removed`() throws {
        try Lab.open { lab in
            let hosts = try lab.gateway()
            let tunnel = try hosts.a.up(
                "--device", "mine", "--peer", "192.0.2.2", "--allowed-ips", "10.20.1.64/31", "--forward",
                "--proxy-arp", "lan")
            // Another change makes it look: 0.6 s later it would have ended.
            try hosts.a.shell("ip neigh delete proxy 10.20.1.64 dev lan; ip address add 10.66.0.1/32 dev lo")
            let uptime = try tunnel.report().uptime_seconds
            try eventually("two seconds of it have passed") { try tunnel.report().uptime_seconds > uptime + 2 }
            #expect(try tunnel.end() == 0)
        }
    }
}

/// The two modules of 1994 as two processes, which share the pin of their peer.
@Suite(.needsRoot)
struct SharedPinTests {
    @Test(arguments: [SIGTERM, SIGKILL]) func `whichever ends first leaves the pin to the other`(signal: Int32) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let out = try a.up("--device", "out", "--only", "encapsulate", "--peer", "192.0.2.2")
            let back = try a.up("--device", "back", "--only", "decapsulate", "--peer", "192.0.2.2")
            let pin = "192.0.2.2 via 192.0.2.2 dev eth0 proto 203 src 192.0.2.1 onlink"
            #expect(try a.routes.contains(pin))
            let janitor = try out.janitor
            _ = try out.end(signal)
            try eventually("its janitor is done") { Running.isGone(janitor) }
            #expect(try a.routes.contains(pin))
            #expect(try back.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }
}
