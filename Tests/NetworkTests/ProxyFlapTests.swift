// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What the kernel forgets when a link goes down.
///
/// See ``Lab/gateway()`` for the hosts.
@Suite(.needsRoot)
struct ProxyFlapTests {
    private static let arguments = [
        "--device", "mine", "--peer", "192.0.2.2", "--allowed-ips", "10.20.1.64/32", "--forward", "--proxy-arp", "lan",
    ]

    @Test(arguments: ["ip link set lan down; ip link set lan up", "ip neigh delete proxy 10.20.1.64 dev lan"])
    func `hosts of a LAN whose entries are gone are answered again`(script: String) throws {
        try Lab.open { lab in
            let hosts = try lab.gateway()
            let before = try hosts.a.state
            _ = try hosts.b.up("--peer", "192.0.2.1", "--address", "10.20.1.64/32", "--allowed-ips", "10.20.1.0/24")
            let tunnel = try hosts.a.up(Self.arguments)
            #expect(try hosts.left.ping("10.20.1.64") == 3)
            try hosts.a.shell(script)
            try eventually("the entry is there again", within: 2) {
                try hosts.a.shell("ip neigh show proxy").contains("10.20.1.64")
            }
            #expect(try hosts.left.ping("10.20.1.64") == 3)
            #expect(try tunnel.end() == 0)
            #expect(try hosts.a.changes(since: before) == [])
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
            let keeper = try out.keeper
            _ = try out.end(signal)
            try eventually("its keeper is done") { Running.isGone(keeper) }
            #expect(try a.routes.contains(pin))
            #expect(try back.end() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }
}
