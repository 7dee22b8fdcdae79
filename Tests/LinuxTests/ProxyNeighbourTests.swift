// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite(.needsRoot) struct ProxyNeighbourTests {
    static let address = IPv4Address(192, 0, 2, 7)

    /// Runs `body` where there are the links `left` and `right`; it gets their numbers.
    private func withLinks<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing Netlink, Int32, Int32) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            let netlink = try Netlink()
            let left = try #require(try netlink.link(named: "left")).index
            return try body(netlink, left, try #require(try netlink.link(named: "right")).index)
        }
    }

    @Test func `a proxy neighbour that is added is the one that ip would add`() throws {
        let (listed, expected, printed, after) = try withLinks { netlink, left, _ in
            try netlink.addProxy(for: Self.address, link: left, protocolNumber: 142)
            let listed = try netlink.proxies(link: left)
            let printed = try shell("ip -4 neigh show proxy")
            try netlink.removeProxy(for: Self.address, link: left)
            return (listed, [ProxyNeighbour(Self.address, link: left)], printed, try netlink.proxies(link: nil))
        }
        #expect(listed == expected)
        #expect(printed.split(separator: " ") == ["192.0.2.7", "dev", "left", "proxy", "proto", "142", "\n"])
        #expect(after.isEmpty)
    }

    @Test func `proxy neighbours are those of one link or of all, and no other neighbours`() throws {
        let (one, all, numbers) = try withLinks { netlink, left, right in
            try shell("ip neigh add proxy 192.0.2.7 dev left; ip neigh add proxy 192.0.2.8 dev right")
            try shell(
                "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:01 dev left; ip -6 neigh add proxy 2001:db8::1 dev left")
            return (try netlink.proxies(link: left), try netlink.proxies(link: nil), [left, right])
        }
        #expect(one == [ProxyNeighbour(Self.address, link: numbers[0])])
        #expect(Set(all) == Set(one + [ProxyNeighbour(IPv4Address(192, 0, 2, 8), link: numbers[1])]))
    }

    @Test func `the kernel replaces one that is there, and throws ENOENT for one that is not`() throws {
        let (again, printed, gone, unknown) = try withLinks { netlink, left, right in
            try shell("ip neigh add proxy 192.0.2.7 dev left protocol 150")
            let again = thrown { () throws(Errno) in
                try netlink.addProxy(for: Self.address, link: left, protocolNumber: 142)
            }
            return (
                again, try shell("ip -4 neigh show proxy"),
                thrown { () throws(Errno) in try netlink.removeProxy(for: Self.address, link: right) },
                thrown { () throws(Errno) in
                    try netlink.addProxy(for: Self.address, link: 99, protocolNumber: 142)
                }
            )
        }
        #expect(again == nil)
        #expect(printed.contains("proto 142"))
        #expect(gone == .noSuchFile)
        #expect(unknown == .noDevice)
    }

    @Test func `a link that goes down loses its proxy neighbours`() throws {
        let left = try withLinks { netlink, left, _ in
            try netlink.addProxy(for: Self.address, link: left, protocolNumber: 142)
            try netlink.setUp(false, link: left)
            return try netlink.proxies(link: left)
        }
        #expect(left.isEmpty)
    }
}
