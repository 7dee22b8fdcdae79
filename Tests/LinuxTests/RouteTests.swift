// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite(.needsRoot) struct RouteTests {
    static let destination = Prefix("192.0.2.0/24") ?? .all
    static let gateway = IPv4Address(10, 0, 0, 9)
    static let router = [UInt8]([0xfe, 0x80] + Array(repeating: 0, count: 13) + [1])

    /// Runs `body` where link `left` has the address 10.0.0.1/24; it gets the number of the link.
    private func withLeft<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing Netlink, Int32) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left")
            let netlink = try Netlink()
            return try body(netlink, try #require(try netlink.link(named: "left")).index)
        }
    }

    @Test(arguments: [
        ("192.0.2.0/24", "192.0.2.0/24 dev left proto 142 scope link"),
        ("192.0.2.7", "192.0.2.7 dev left proto 142 scope link"),
        ("0.0.0.0/0", "default dev left proto 142 scope link"),
    ])
    func `a route without a gateway is the one that ip would add`(text: String, shown: String) throws {
        let destination = try #require(Prefix(text))
        let (route, listed, printed, left) = try withLeft { netlink, index in
            let route = Route(to: destination, link: index, protocolNumber: 142)
            try netlink.add(route)
            let listed = try netlink.routes(to: destination)
            let printed = try shell("ip route show exact \(destination)")
            try netlink.remove(route)
            return (route, listed, printed, try netlink.routes(to: destination))
        }
        #expect(listed == [route])
        #expect(printed.hasPrefix(shown))
        #expect(left.isEmpty)
    }

    @Test func `a route with everything is the one that ip would add`() throws {
        let (route, listed, printed) = try withLeft { netlink, index in
            let route = Route(
                to: Self.destination, gateway: IPv4Address(172, 16, 0, 1), link: index,
                source: IPv4Address(10, 0, 0, 1), protocolNumber: 142, metric: 7, isOnLink: true)
            try netlink.add(route)
            let listed = try netlink.routes(to: Self.destination)
            let printed = try shell("ip route show exact \(Self.destination)")
            try netlink.remove(route)
            return (route, listed, printed)
        }
        #expect(listed == [route])
        #expect(printed.hasPrefix("192.0.2.0/24 via 172.16.0.1 dev left proto 142 src 10.0.0.1 metric 7 "))
        #expect(printed.contains(" onlink"))
    }

    @Test func `a route that is already there throws EEXIST, whoever made it`() throws {
        let errors = try withLeft { netlink, index in
            try shell("ip route add \(Self.destination) via 10.0.0.9 proto 141")
            let route = Route(to: Self.destination, link: index, protocolNumber: 142)
            let other = Route(to: Self.destination, link: index, protocolNumber: 142, metric: 1)
            return [
                thrown { () throws(Errno) in try netlink.add(route) },
                thrown { () throws(Errno) in try netlink.add(other) },
            ]
        }
        #expect(errors == [.exists, nil])
    }

    @Test func `a route that cannot be throws the kernel's reason`() throws {
        let errors = try withLeft { netlink, index in
            let strayGateway = Route(
                to: Self.destination, gateway: IPv4Address(172, 16, 0, 1), link: index, protocolNumber: 142)
            let strangeSource = Route(
                to: Self.destination, link: index, source: IPv4Address(172, 16, 0, 1), protocolNumber: 142)
            let noLink = Route(to: Self.destination, link: 99, protocolNumber: 142)
            let downLink = Route(to: Self.destination, link: index, protocolNumber: 142)
            return [
                thrown { () throws(Errno) in try netlink.add(strayGateway) },
                thrown { () throws(Errno) in try netlink.add(strangeSource) },
                thrown { () throws(Errno) in try netlink.add(noLink) },
                thrown { () throws(Errno) in
                    try netlink.setUp(false, link: index)
                    try netlink.add(downLink)
                },
            ]
        }
        #expect(errors == [.networkUnreachable, .invalidArgument, .noDevice, Errno(rawValue: ENETDOWN)])
    }

    @Test(arguments: [
        "dev left proto 141", "dev left proto 142 metric 5", "dev right proto 142", "via 10.0.0.9 dev left proto 142",
        "dev left proto 142 src 10.0.0.1", "dev left proto 142 tos 0x10", "dev left proto 142 scope global",
        "dev left proto 142 table 100", "dev left proto static", "dev left proto 142 mtu 1400 metric 3",
        "nexthop dev left nexthop dev right",
    ])
    func `removing a route leaves one that only looks like it`(other: String) throws {
        let (alone, before, after) = try withLeft { netlink, index in
            let route = Route(to: Self.destination, link: index, protocolNumber: 142)
            try shell("ip route add \(Self.destination) \(other)")
            let before = try shell("ip route show table all root \(Self.destination)")
            let alone = thrown { () throws(Errno) in try netlink.remove(route) }
            return (alone, before, try shell("ip route show table all root \(Self.destination)"))
        }
        #expect(alone == .noSuchProcess)
        #expect(!before.isEmpty)
        #expect(after == before)
    }

    @Test(arguments: ["append", "prepend"], ["proto 141", "proto 142 via 10.0.0.9", "proto 142 metric 5"])
    func `a route beside a similar one is removed alone`(verb: String, other: String) throws {
        let (before, after) = try withLeft { netlink, index in
            let route = Route(to: Self.destination, link: index, protocolNumber: 142)
            try shell("ip route add \(Self.destination) \(other) dev left")
            let before = try shell("ip route show exact \(Self.destination)")
            try shell("ip route \(verb) \(Self.destination) proto 142 dev left")
            try netlink.remove(route)
            return (before, try shell("ip route show exact \(Self.destination)"))
        }
        #expect(!before.isEmpty)
        #expect(after == before)
    }

    @Test func `only unicast routes in the main table that a tunnel could make are listed`() throws {
        let listed = try withLeft { netlink, index in
            let to = Self.destination
            try shell("ip nexthop add id 5 dev left; ip route add \(to) nhid 5 metric 1")
            try shell("ip route add \(to) metric 2 nexthop dev left nexthop via 10.0.0.9")
            try shell("ip route add blackhole \(to) metric 3; ip route add unreachable \(to) metric 4")
            try shell("ip route add \(to) via inet6 fe80::1 dev left metric 5; ip route add \(to) dev left table 100")
            try shell("ip route add \(to) dev left tos 0x10; ip route add 192.0.2.0/25 dev left")
            try shell("ip route add \(to) via 10.0.0.9 metric 9 proto static; ip route add \(to) dev left metric 8")
            return (try netlink.routes(to: to), index)
        }
        #expect(
            listed.0 == [
                Route(
                    to: Self.destination,
                    by: [NextHop(nil, link: listed.1), NextHop(.ipv4(Self.gateway), link: listed.1)],
                    protocolNumber: 3, metric: 2),
                Route(
                    to: Self.destination, by: [NextHop(.ipv6(Self.router), link: listed.1)], protocolNumber: 3,
                    metric: 5),
                Route(to: Self.destination, link: listed.1, protocolNumber: 3, metric: 8),
                Route(to: Self.destination, gateway: Self.gateway, link: listed.1, protocolNumber: 4, metric: 9),
            ])
    }
}
