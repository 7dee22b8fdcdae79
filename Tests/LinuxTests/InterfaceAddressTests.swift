// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

/// What the kernel makes of an address.
@Suite(.needsRoot) struct InterfaceAddressTests {
    @Test(
        arguments: [
            ("10.0.0.1/24", "inet 10.0.0.1/24 scope global left"),
            ("10.0.0.1", "inet 10.0.0.1/32 scope global left"),
            ("10.0.0.1 peer 10.9.0.2", "inet 10.0.0.1 peer 10.9.0.2/32 scope global left"),
            ("127.1.0.1/16", "inet 127.1.0.1/16 scope host left"),
        ])
    func `an address that is added is the one that ip would add`(text: String, shown: String) throws {
        let address = try #require(InterfaceAddress(text))
        let (listed, printed, left) = try inFreshNetwork {
            try shell("ip link add left type veth peer name right")
            let netlink = try Netlink()
            let index = try #require(try netlink.link(named: "left")).index
            try netlink.add(address, link: index)
            let listed = try netlink.addresses(link: index)
            let printed = try shell("ip -4 -o address show dev left")
            try netlink.remove(address, link: index)
            return (listed, printed, try netlink.addresses(link: index))
        }
        #expect(listed == [address])
        #expect(printed.contains(shown + "\\"))
        #expect(left.isEmpty)
    }

    @Test func `addresses are those of one link, or of all`() throws {
        let (one, all, error) = try inFreshNetwork {
            try shell("ip link add left type veth peer name right")
            try shell("ip address add 10.0.0.1/24 brd + dev left; ip address add 10.1.0.1/24 dev right")
            let netlink = try Netlink()
            let index = try #require(try netlink.link(named: "left")).index
            return (
                try netlink.addresses(link: index), try netlink.addresses(link: nil),
                thrown { () throws(Errno) in _ = try netlink.addresses(link: 99) }
            )
        }
        #expect(one.map(\.description) == ["10.0.0.1/24"])
        #expect(Set(all.map(\.description)) == ["127.0.0.1/8", "10.0.0.1/24", "10.1.0.1/24"])
        #expect(error == .noDevice)
    }

    @Test func `an address that is already there throws EEXIST, one that is not EADDRNOTAVAIL`() throws {
        let address = try #require(InterfaceAddress("10.0.0.1/24"))
        let other = try #require(InterfaceAddress("10.0.0.1/25"))
        let (again, wrongLength, wrongLink) = try inFreshNetwork {
            let netlink = try Netlink()
            try netlink.add(address, link: 1)
            return (
                thrown { () throws(Errno) in try netlink.add(address, link: 1) },
                thrown { () throws(Errno) in try netlink.remove(other, link: 1) },
                thrown { () throws(Errno) in try netlink.add(address, link: 99) }
            )
        }
        #expect(again == .exists)
        #expect(wrongLength == .addressNotAvailable)
        #expect(wrongLink == .noDevice)
    }
}
