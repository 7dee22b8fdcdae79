// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// A barrier for IPv6, and where neighbours are.
@Suite(.needsRoot) struct IPv6RoutesTests {
    private static let scene = """
        ip link set lo up; ip link add left type veth peer name right; ip link set right up; ip link set left up
        ip -6 address add 2001:db8:0:1::1/64 dev left nodad; ip -6 route add default via fe80::7 dev left metric 100
        ip -6 route add 2001:db8:0:2::/64 via fe80::7 dev left
        """

    @Test func `the barrier is before what routers announce, and neighbours are reached`() throws {
        try inFreshNetwork {
            try shell(Self.scene)
            let netlink = try Netlink()
            let before = try shell("ip -6 route show")
            #expect(try netlink.hasIPv6())
            #expect(try !netlink.hasIPv6Barrier(protocolNumber: 203))
            try netlink.addIPv6Barrier(protocolNumber: 203)
            try netlink.addIPv6Barrier(protocolNumber: 203)
            #expect(try netlink.hasIPv6Barrier(protocolNumber: 203))
            #expect(try shell("ip -6 route show").contains("unreachable default dev lo proto 203 metric 1"))
            #expect(throws: (any Error).self) { try shell("ip -6 route get 2001:db8:ffff::1") }
            #expect(try shell("ip -6 route get 2001:db8:0:1::9").contains("dev left"))
            #expect(try netlink.removeIPv6Barrier(protocolNumber: 203))
            #expect(try !netlink.removeIPv6Barrier(protocolNumber: 203))
            #expect(try shell("ip -6 route show") == before)
        }
    }

    @Test func `a barrier of another program is not ours`() throws {
        try inFreshNetwork {
            try shell("\(Self.scene); ip -6 route add unreachable default metric 9")
            let netlink = try Netlink()
            #expect(try !netlink.hasIPv6Barrier(protocolNumber: 203))
            #expect(try !netlink.removeIPv6Barrier(protocolNumber: 203))
            #expect(try shell("ip -6 route show").contains("unreachable default dev lo metric 9"))
        }
    }

    @Test func `neighbours are where no router is on the way`() throws {
        let ranges = try inFreshNetwork {
            try shell(Self.scene)
            return try Netlink().neighbouringIPv6()
        }
        let lan = UInt128(0x2001_0db8_0000_0001) << 64
        #expect(ranges.contains(AddressRange(lan, lan + (1 << 64) - 1)))
        #expect(!ranges.contains { $0.first == UInt128(0x2001_0db8_0000_0002) << 64 || $0.first == 0 })
    }
}
