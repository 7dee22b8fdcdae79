// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite struct RouteLookupTests {
    /// Looks `address` up where `left` has the address 10.0.0.1/24 and `routes` have been run.
    private func lookUp(
        _ address: String, from source: IPv4Address? = nil, mark: UInt32 = 0, after script: String = ":"
    ) throws -> (route: ResolvedRoute?, error: Errno?, left: Int32) {
        let destination = try #require(IPv4Address(address))
        return try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 brd + dev left; ip address add 10.0.0.2/24 dev left")
            try shell(script)
            let netlink = try Netlink()
            let left = try #require(try netlink.link(named: "left")).index
            do {
                return (try netlink.lookUp(destination, from: source, mark: mark), nil, left)
            } catch let error as Errno {
                return (nil, error, left)
            }
        }
    }

    @Test func `a lookup needs no privilege`() throws {
        let netlink = try Netlink()
        let route = try netlink.lookUp(IPv4Address(127, 0, 0, 1))
        #expect(
            route
                == ResolvedRoute(kind: .local, link: 1, source: IPv4Address(127, 0, 0, 1)))
    }

    @Test(
        .needsRoot,
        arguments: [
            ("10.0.0.7", ResolvedRoute.Kind.unicast), ("10.0.0.255", .broadcast), ("255.255.255.255", .broadcast),
            ("224.0.0.5", .multicast),
        ])
    func `the address decides where a packet ends up`(address: String, kind: ResolvedRoute.Kind) throws {
        let (route, _, left) = try lookUp(address, after: "ip route add default dev left")
        #expect(
            route == ResolvedRoute(kind: kind, link: left, source: IPv4Address(10, 0, 0, 1)))
    }

    @Test(.needsRoot) func `a route can name a gateway, a source and an MTU`() throws {
        let script = "ip route add 192.0.2.0/24 via 10.0.0.9 src 10.0.0.2 mtu 1400 advmss 1000"
        let (route, _, left) = try lookUp("192.0.2.1", after: script)
        let expected = ResolvedRoute(
            kind: .unicast, gateway: IPv4Address(10, 0, 0, 9), link: left, source: IPv4Address(10, 0, 0, 2), mtu: 1400)
        #expect(route == expected)
    }

    @Test(.needsRoot) func `a source that is asked for is the source`() throws {
        let (route, _, _) = try lookUp("10.0.0.7", from: IPv4Address(10, 0, 0, 2))
        #expect(route?.source == IPv4Address(10, 0, 0, 2))
    }

    @Test(.needsRoot) func `a source that this host does not have is refused`() throws {
        let (_, error, _) = try lookUp("10.0.0.7", from: IPv4Address(10, 0, 0, 3))
        // Linux 6.18 says ENETUNREACH, older ones EINVAL.
        #expect(error == .networkUnreachable || error == .invalidArgument)
    }

    @Test(.needsRoot, arguments: [0, 7] as [UInt32]) func `a rule for the mark decides`(mark: UInt32) throws {
        let script = """
            ip route add 192.0.2.0/24 via 10.0.0.8; ip route add 192.0.2.0/24 via 10.0.0.9 table 100
            ip rule add fwmark 7 table 100
            """
        let (route, _, _) = try lookUp("192.0.2.1", mark: mark, after: script)
        #expect(route?.gateway == IPv4Address(10, 0, 0, mark == 7 ? 9 : 8))
    }

    @Test(
        .needsRoot,
        arguments: [
            (":", Errno.networkUnreachable), ("ip route add unreachable 192.0.2.0/24", .hostUnreachable),
            ("ip route add prohibit 192.0.2.0/24", .permissionDenied),
            ("ip route add blackhole 192.0.2.0/24", .invalidArgument),
            ("ip route add throw 192.0.2.0/24", .networkUnreachable),
        ])
    func `a destination without a way throws why`(script: String, expected: Errno) throws {
        let (_, error, _) = try lookUp("192.0.2.1", after: script)
        #expect(error == expected)
    }

    @Test(.needsRoot, arguments: [("mtu 1300", 1300), ("mtu lock 1200", 1200), ("", nil)] as [(String, Int?)])
    func `the MTU that somebody gave to a route is told`(option: String, expected: Int?) throws {
        let mtu = try inFreshNetwork {
            let device = try TUNDevice(name: "network")
            try shell("ip link set network addrgenmode none up; ip address add 10.0.0.1/24 dev network")
            try shell("ip route add 192.0.2.0/24 via 10.0.0.8 \(option)")
            _ = device.name
            return try Netlink().configuredMTU(IPv4Address(192, 0, 2, 1))
        }
        #expect(mtu == expected)
    }

    @Test(.needsRoot, arguments: [(0, "192.0.2.0/24", 254), (7, "0.0.0.0/0", 100)] as [(UInt32, String, UInt32)])
    func `the route that a packet takes is told with its table`(mark: UInt32, prefix: String, table: UInt32) throws {
        let found = try inFreshNetwork {
            let device = try TUNDevice(name: "network")
            try shell("ip link set network addrgenmode none up; ip address add 10.0.0.1/24 dev network")
            try shell("ip route add 192.0.2.0/24 via 10.0.0.8; ip route add default dev network table 100")
            try shell("ip rule add priority 9 fwmark 7 lookup 100")
            _ = device.name
            return try Netlink().matchingRoute(IPv4Address(192, 0, 2, 1), mark: mark)
        }
        #expect(found?.prefix == Prefix(prefix))
        #expect(found?.table == table)
    }
}
