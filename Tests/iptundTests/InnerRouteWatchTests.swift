// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire

@testable import iptund

@Suite(.needsRoot) struct InnerRouteWatchTests {
    /// What is found of 10.8.0.0/16 and 10.9.0.2/32 behind slot 3 after each script.
    private func look(after scripts: [String]) throws -> [[Int: Prefix]] {
        try inFreshNetwork {
            try shell("ip link add tunnel type veth peer name wire; ip link set tunnel up; ip link set wire up")
            try shell(
                "ip address add 10.1.0.1/24 dev wire; ip route add 10.8.0.0/16 dev tunnel; ip route add 10.9.0.2 dev tunnel"
            )
            let netlink = try Netlink()
            let device = try #require(try netlink.link(named: "tunnel")).index
            let blocks = ["10.8.0.0/16", "10.9.0.2/32"].compactMap { Prefix($0) }
            var watch = InnerRouteWatch()
            return try ([":"] + scripts).map { script in
                try shell(script)
                return watch.look([(slot: 3, prefixes: blocks)], device, netlink)
            }
        }
    }

    @Test func `a block whose route is gone is missed until it is back`() throws {
        let block = try #require(Prefix("10.9.0.2/32"))
        let found = try look(after: ["ip route delete 10.9.0.2", "ip route add 10.9.0.2 dev tunnel"])
        #expect(found == [[:], [3: block], [:]])
    }

    @Test func `a more specific route elsewhere says nothing of the block, one as wide takes it`() throws {
        let block = try #require(Prefix("10.8.0.0/16"))
        let found = try look(after: [
            "ip route add 10.8.0.0/17 via 10.1.0.9; ip route add 10.8.128.0/17 via 10.1.0.9",
            "ip route delete 10.8.0.0/17; ip route delete 10.8.128.0/17; ip route replace 10.8.0.0/16 via 10.1.0.9",
        ])
        #expect(found == [[:], [:], [3: block]])
    }

    @Test func `a block that never was routed into the device is not missed`() throws {
        let found: [Int: Prefix] = try inFreshNetwork {
            var watch = InnerRouteWatch()
            return watch.look([(slot: 0, prefixes: [.all])], 99, try Netlink())
        }
        #expect(found == [:])
    }
}
