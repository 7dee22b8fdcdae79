// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire

@Suite(.needsRoot) struct NeighbourStateTests {
    @Test func `a neighbour that ARP asks for in vain is silent; one that answers, or was not asked for, is not`()
        throws
    {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set left up; ip link set right up")
            try shell("ip address add 10.0.0.1/24 dev left")
            try shell("ip neigh add 10.0.0.8 lladdr 02:00:00:00:00:08 nud reachable dev left")
            // As the kernel leaves one that was asked for three times.
            try shell("ip neigh add 10.0.0.9 nud failed dev left")
            let netlink = try Netlink()
            let link = try #require(try netlink.link(named: "left")).index
            #expect(try netlink.isSilentNeighbour(IPv4Address(10, 0, 0, 9), link: link))
            #expect(try !netlink.isSilentNeighbour(IPv4Address(10, 0, 0, 8), link: link))
            #expect(try !netlink.isSilentNeighbour(IPv4Address(10, 0, 0, 7), link: link))
        }
    }
}
