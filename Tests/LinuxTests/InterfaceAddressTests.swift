// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite struct InterfaceAddressTests {
    @Test func `an address and a length are one block`() throws {
        let address = try #require(InterfaceAddress("10.0.0.1/24"))
        #expect(address.address == IPv4Address(10, 0, 0, 1))
        #expect(address.prefixLength == 24)
        #expect(address.peer == nil)
    }

    @Test func `an address without a length is a block of one`() {
        #expect(InterfaceAddress("10.0.0.1") == InterfaceAddress(IPv4Address(10, 0, 0, 1), prefixLength: 32))
    }

    @Test func `the length belongs to the peer when there is one`() throws {
        let address = try #require(InterfaceAddress("10.0.0.1 peer 10.9.0.2/30"))
        #expect(address.address == IPv4Address(10, 0, 0, 1))
        #expect(address.peer == IPv4Address(10, 9, 0, 2))
        #expect(address.prefixLength == 30)
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1/32"), ("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.1/24", "10.0.0.1/24"),
        ("10.0.0.1 peer 10.0.0.2", "10.0.0.1 peer 10.0.0.2/32"),
        ("  10.0.0.1\tpeer  10.0.0.2/31 ", "10.0.0.1 peer 10.0.0.2/31"),
        ("10.0.0.1 peer 10.0.0.1/24", "10.0.0.1/24"),
    ])
    func `what is printed reads back as the same address`(text: String, printed: String) {
        let address = InterfaceAddress(text)
        #expect(address?.description == printed)
        #expect(InterfaceAddress(printed) == address)
    }

    @Test(arguments: [
        "", " ", "10.0.0", "10.0.0.1/33", "10.0.0.1/", "/24", "10.0.0.1/24/8", "10.0.0.1/+8", "10.0.0.1 /24", "peer",
        "10.0.0.1 peer", "10.0.0.1/24 peer 10.0.0.2", "10.0.0.1 via 10.0.0.2", "10.0.0.1 10.0.0.2", "::1/128",
        "10.0.0.1 peer 10.0.0.2 peer 10.0.0.3",
    ])
    func `anything else is refused`(text: String) {
        #expect(InterfaceAddress(text) == nil)
    }

    @Test(arguments: [-1, 33]) func `a length outside 0 to 32 is refused`(length: Int) {
        #expect(InterfaceAddress(IPv4Address(10, 0, 0, 1), prefixLength: length) == nil)
    }
}

/// What the kernel makes of it.
extension InterfaceAddressTests {
    @Test(
        .needsRoot,
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

    @Test(.needsRoot) func `addresses are those of one link, or of all`() throws {
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

    @Test(.needsRoot) func `an address that is already there throws EEXIST, one that is not EADDRNOTAVAIL`() throws {
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
