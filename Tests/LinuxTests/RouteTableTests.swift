// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import Linux
import Testing
import Wire

@Suite(.needsRoot) struct RouteTableTests {
    static let destination = Prefix("192.0.2.0/24") ?? .all

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

    @Test(arguments: [1, 100, 252, 254, 255, 256, 51820, 4_294_967_294] as [UInt32])
    func `a table may have any number`(table: UInt32) throws {
        let (route, listed, exact, printed, left) = try withLeft { netlink, index in
            let route = Route(
                to: Self.destination, gateway: IPv4Address(10, 0, 0, 9), link: index, protocolNumber: 142, table: table)
            try netlink.add(route)
            let listed = try netlink.routes(in: table, madeBy: 142)
            let exact = try netlink.routes(to: Self.destination, in: table)
            let printed = try shell("ip route show table \(table) exact \(Self.destination)")
            try netlink.remove(route)
            return (route, listed, exact, printed, try netlink.routes(in: table, madeBy: 142))
        }
        #expect(listed == [route])
        #expect(exact == [route])
        #expect(printed.hasPrefix("192.0.2.0/24 via 10.0.0.9 dev left proto 142"))
        #expect(left.isEmpty)
    }

    @Test func `an unreachable route is the one that ip would add, and removed alone`() throws {
        let (listed, unicast, printed, after) = try withLeft { netlink, _ in
            let route = Route.unreachable(Self.destination, protocolNumber: 142, metric: 9, table: 1000)
            try shell("ip route add prohibit \(Self.destination) proto 142 metric 9 table 1001")
            try shell("ip route add blackhole \(Self.destination) proto 142 metric 8 table 1000")
            try netlink.add(route)
            let listed = try netlink.routes(in: 1000) == [route]
            let unicast = try netlink.routes(to: Self.destination, in: 1000)
            let printed = try shell("ip route show table 1000")
            try netlink.remove(route)
            return (listed, unicast, printed, try shell("ip route show table 1000; ip route show table 1001"))
        }
        #expect(listed)
        #expect(unicast.isEmpty)
        #expect(printed.contains("unreachable 192.0.2.0/24 proto 142 metric 9"))
        #expect(after.split(separator: "\n").count == 2)
        #expect(after.contains("blackhole") && after.contains("prohibit"))
    }

    @Test func `a whole table is what a route can say, by one maker or by all`() throws {
        let (mine, all, none, index) = try withLeft { netlink, index in
            try shell("ip route add 10.1.0.0/16 dev left proto 142 table 300; ip route add default dev left table 300")
            try shell("ip route add unreachable 10.2.0.0/16 proto 142 table 300; ip route add 10.9.0.0/16 dev left")
            try shell(
                "ip route add blackhole 10.3.0.0/16 proto 142 table 300; ip route add 10.8.0.0/16 dev right table 301")
            return (
                try netlink.routes(in: 300, madeBy: 142), try netlink.routes(in: 300), try netlink.routes(in: 302),
                index
            )
        }
        let block = try #require(Prefix("10.1.0.0/16")), nowhere = try #require(Prefix("10.2.0.0/16"))
        let expected: Set = [
            Route(to: block, link: index, protocolNumber: 142, table: 300),
            .unreachable(nowhere, protocolNumber: 142, table: 300),
        ]
        #expect(Set(mine) == expected)
        #expect(Set(all) == expected.union([Route(to: .all, link: index, protocolNumber: 3, table: 300)]))
        #expect(none.isEmpty)
    }

    @Test func `the makers of a table are told, whatever their routes are`() throws {
        let (makers, main, none) = try withLeft { netlink, _ in
            try shell("ip route add blackhole 10.3.0.0/16 proto 150 table 300")
            try shell("ip route add 10.4.0.0/16 proto 151 table 300 nexthop dev left nexthop dev right")
            try shell("ip route add 10.5.0.0/16 proto 152 dev left table 301")
            return (
                try netlink.routeProtocols(in: 300), try netlink.routeProtocols(in: Route.mainTable),
                try netlink.routeProtocols(in: 302)
            )
        }
        #expect(makers == [150, 151])
        #expect(main == [2])
        #expect(none.isEmpty)
    }

    @Test func `many routes are removed at once, and only those`() throws {
        let (count, removed, again, left, milliseconds) = try withLeft { netlink, index in
            let routes = (0..<10_000).map { number in
                let host = Prefix(host: IPv4Address(rawValue: 0xc612_0000 + UInt32(number)))
                return Route(to: host, link: index, protocolNumber: 142, table: number.isMultiple(of: 2) ? 254 : 400)
            }
            try shell("ip route add 198.18.0.1 dev left proto 141 table 401; ip route add 198.18.0.2/31 dev left")
            for route in routes.dropLast() { try netlink.add(route) }
            try shell("ip route append \(routes[0].destination) dev left src 10.0.0.1 proto 142")
            let start = Clock.milliseconds
            let removed = try netlink.remove([routes[0]] + routes)
            let milliseconds = Clock.milliseconds - start
            let again = try netlink.remove(routes)
            let left = try shell("ip route show; ip route show table 400; ip route show table 401")
            return (removed == Array(routes.dropLast()), removed.count, again, left, milliseconds)
        }
        #expect(count)
        #expect(removed == 9_999)
        #expect(again.isEmpty)
        #expect(
            left.split(separator: "\n").map { $0.split(separator: " ").prefix(3).joined(separator: " ") }
                == ["10.0.0.0/24 dev left", "198.18.0.0 dev left", "198.18.0.2/31 dev left", "198.18.0.1 dev left"])
        // A look through the table for each would take minutes.
        #expect(milliseconds < 10_000)
    }

    @Test func `a route is written as what ip calls its parts, and read back`() throws {
        let routes = [
            Route(
                to: Self.destination, gateway: IPv4Address(10, 0, 0, 9), link: 7, source: IPv4Address(10, 0, 0, 1),
                protocolNumber: 142, metric: 5, isOnLink: true, table: 51820),
            .unreachable(.all, protocolNumber: 142),
        ]
        let data = try JSONEncoder().encode(routes)
        #expect(try JSONDecoder().decode([Route].self, from: data) == routes)
        #expect(String(decoding: data, as: UTF8.self).contains(#""kind":"unreachable""#))
    }
}
