// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct LinkTests {
    @Test func `a link is found by its name and by its number`() throws {
        let netlink = try Netlink()
        let loopback = try #require(try netlink.link(index: 1))
        let named = try netlink.link(named: loopback.name)
        #expect(loopback.name == "lo")
        #expect(loopback.kind == nil)
        #expect(named == loopback)
    }

    @Test(arguments: ["", "absent", "longer than any link", "a/b", " ", "%d", String(repeating: "a", count: 9000)])
    func `a name that no link has is nil`(name: String) throws {
        let netlink = try Netlink()
        let link = try netlink.link(named: name)
        #expect(link == nil)
    }

    @Test(arguments: [0, -1, Int32.min, Int32.max]) func `a number that no link has is nil`(index: Int32) throws {
        let netlink = try Netlink()
        let link = try netlink.link(index: index)
        #expect(link == nil)
    }

    @Test(.needsRoot) func `a TUN runs only while it is up and somebody is attached`() throws {
        let (before, after, printed, down) = try inFreshNetwork {
            try shell("ip tuntap add tunnel mode tun")
            let netlink = try Netlink()
            let before = try #require(try netlink.link(named: "tunnel"))
            try netlink.setUp(true, link: before.index)
            try netlink.setMTU(1280, link: before.index)
            let after = try netlink.link(index: before.index)
            let printed = try shell("ip -o link show dev tunnel")
            try netlink.setUp(false, link: before.index)
            return (before, after, printed, try netlink.link(index: before.index))
        }
        #expect(before.kind == "tun")
        #expect(before.mtu == 1500)
        #expect(!before.isUp)
        #expect(after?.isUp == true)
        #expect(after?.isRunning == false)
        #expect(after?.mtu == 1280)
        #expect(printed.contains("tunnel: <NO-CARRIER,POINTOPOINT,MULTICAST,NOARP,UP> mtu 1280 "))
        #expect(down?.isUp == false)
    }

    @Test(.needsRoot) func `an alternative name finds the link by its real name`() throws {
        let link = try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link property add dev left altname other")
            return try Netlink().link(named: "other")
        }
        #expect(link?.name == "left")
        #expect(link?.kind == "veth")
    }

    @Test(.needsRoot) func `a link whose IPv6 address generation is off gets no IPv6 address`() throws {
        let (details, mine, other) = try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up")
            let netlink = try Netlink()
            let index = try #require(try netlink.link(named: "left")).index
            try netlink.disableIPv6AddressGeneration(link: index)
            try netlink.setUp(true, link: index)
            return (
                try shell("ip -d link show dev left"), try shell("ip -6 address show dev left"),
                try shell("ip -6 address show dev right")
            )
        }
        #expect(details.contains("addrgenmode none"))
        #expect(mine.isEmpty)
        #expect(other.contains("inet6 fe80:"))
    }

    @Test(.needsRoot) func `a link too small for IPv6 throws EAFNOSUPPORT`() throws {
        let error = try inFreshNetwork {
            try shell("ip tuntap add tunnel mode tun")
            let netlink = try Netlink()
            let index = try #require(try netlink.link(named: "tunnel")).index
            try netlink.setMTU(1279, link: index)
            return thrown { () throws(Errno) in try netlink.disableIPv6AddressGeneration(link: index) }
        }
        #expect(error == Errno(rawValue: EAFNOSUPPORT))
    }

    @Test(.needsRoot, arguments: [-1, 0, 67, 65_536, Int.max])
    func `an MTU that the device does not take throws EINVAL`(octets: Int) throws {
        let error = try inFreshNetwork {
            try shell("ip tuntap add tunnel mode tun")
            let netlink = try Netlink()
            let index = try #require(try netlink.link(named: "tunnel")).index
            return thrown { () throws(Errno) in try netlink.setMTU(octets, link: index) }
        }
        #expect(error == .invalidArgument)
    }

    @Test(.needsRoot) func `a change to a link that is absent throws ENODEV`() throws {
        let errors = try inFreshNetwork {
            let netlink = try Netlink()
            return [
                thrown { () throws(Errno) in try netlink.setUp(true, link: 99) },
                thrown { () throws(Errno) in try netlink.setMTU(1500, link: 99) },
                thrown { () throws(Errno) in try netlink.disableIPv6AddressGeneration(link: 99) },
            ]
        }
        #expect(errors == [.noDevice, .noDevice, .noDevice])
    }
}
