// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct WayTests {
    static let near = IPv4Address(10, 0, 0, 2)
    static let far = IPv4Address(192, 0, 2, 1)

    /// What was found, and where `left` and `other` are.
    private struct Sight: Sendable {
        var way: Way?
        var obstacle: Way.Obstacle?
        var left: Int32
        var other: Int32?
    }

    /// Looks for the peer where `left` has 10.0.0.1/24 and 10.0.0.7/24, after `script`.
    private func find(_ peer: IPv4Address, local: IPv4Address? = nil, after script: String = ":") throws -> Sight {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 brd + dev left; ip address add 10.0.0.7/24 dev left")
            try shell(script)
            let netlink = try Netlink()
            var sight = Sight(left: try HostChange.Device.named("left", netlink).index)
            sight.other = try netlink.link(named: "other")?.index
            var finder = WayFinder(.otherHosts)
            do throws(Way.Obstacle) {
                sight.way = try finder.find(peer, from: local, netlink)
            } catch {
                sight.obstacle = error
            }
            return sight
        }
    }

    @Test(.needsRoot) func `a peer on the link has no gateway`() throws {
        let sight = try find(Self.near)
        #expect(sight.way == Way(local: IPv4Address(10, 0, 0, 1), gateway: nil, link: sight.left, mtu: 1500))
    }

    @Test(.needsRoot) func `a peer behind a router has one`() throws {
        let sight = try find(Self.far, after: "ip route add default via 10.0.0.2")
        #expect(sight.way == Way(local: IPv4Address(10, 0, 0, 1), gateway: Self.near, link: sight.left, mtu: 1500))
    }

    static let fork = """
        ip link add other type veth peer name end; ip link set end up; ip link set other up
        ip route add default via 10.0.0.2; ip route add default dev other table 100
        """

    @Test(.needsRoot) func `rules that ask for our address apply, as they do to what is sent`() throws {
        let script = "\(Self.fork); ip rule add priority 50 from 10.0.0.1 lookup 100"
        let sight = try find(Self.far, after: script)
        #expect(sight.other != nil)
        #expect(sight.way?.link == sight.other)
        let other = try find(Self.far, local: IPv4Address(10, 0, 0, 7), after: script)
        #expect(other.way?.link == other.left)
    }

    @Test(.needsRoot) func `rules that ask for our mark apply, since outer packets carry it`() throws {
        let script = "\(Self.fork); ip rule add priority 50 fwmark \(PacketMark.standard.value) lookup 100"
        let sight = try find(Self.far, after: script)
        #expect(sight.other != nil)
        #expect(sight.way?.link == sight.other)
    }

    @Test(.needsRoot) func `our address is the one that was asked for, or what the route says`() throws {
        #expect(try find(Self.near, local: IPv4Address(10, 0, 0, 7)).way?.local == IPv4Address(10, 0, 0, 7))
        let script = "ip route add 192.0.2.0/24 via 10.0.0.2 src 10.0.0.7"
        #expect(try find(Self.far, after: script).way?.local == IPv4Address(10, 0, 0, 7))
    }

    @Test(
        .needsRoot,
        arguments: [
            ("ip route add 192.0.2.0/24 via 10.0.0.2 mtu 1400", 1400),
            ("ip route add 192.0.2.0/24 via 10.0.0.2; ip link set left mtu 1300", 1300),
            ("ip route add 192.0.2.0/24 via 10.0.0.2 mtu lock 9000", 1500),
        ])
    func `the MTU is the route's or the link's, whichever is less`(script: String, mtu: Int) throws {
        #expect(try find(Self.far, after: script).way?.mtu == mtu)
    }

    @Test(.needsRoot) func `a finder asks for a link once, and knows it for all peers`() throws {
        let mtus = try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left")
            let netlink = try Netlink()
            var finder = WayFinder(.otherHosts)
            let first = try finder.find(Self.near, from: nil, netlink).mtu
            try shell("ip link set left mtu 1300")
            let second = try finder.find(IPv4Address(10, 0, 0, 3), from: nil, netlink).mtu
            var another = WayFinder(.otherHosts)
            return [first, second, try another.find(Self.near, from: nil, netlink).mtu]
        }
        #expect(mtus == [1500, 1500, 1300])
    }

    @Test(.needsRoot, arguments: [IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 7), IPv4Address(127, 0, 0, 1)])
    func `a peer that is this host is an obstacle for good`(peer: IPv4Address) throws {
        let obstacle = try find(peer).obstacle
        #expect(obstacle == .isOurs)
        #expect(obstacle?.mayPass == false)
        #expect(obstacle?.why == "is an address of this host")
    }

    @Test(.needsRoot, arguments: [IPv4Address(10, 0, 0, 255), IPv4Address(224, 0, 0, 5)])
    func `a peer that is many hosts is an obstacle for good`(peer: IPv4Address) throws {
        let obstacle = try find(peer, after: "ip route add default via 10.0.0.2").obstacle
        #expect(obstacle == .isNoHost)
        #expect(obstacle?.mayPass == false)
        #expect(obstacle?.why == "is no single host")
    }

    @Test(
        .needsRoot,
        arguments: [
            (":", Errno.networkUnreachable, "Network is unreachable"),
            ("ip route add unreachable 192.0.2.0/24", .hostUnreachable, "No route to host"),
            ("ip route add prohibit 192.0.2.0/24", .permissionDenied, "Permission denied"),
            ("ip route add blackhole 192.0.2.0/24", .invalidArgument, "Invalid argument"),
        ])
    func `a peer without a route has the kernel's reason, and may get one`(
        script: String, error: Errno, why: String
    ) throws {
        let obstacle = try find(Self.far, after: script).obstacle
        #expect(obstacle == .noRoute(error))
        #expect(obstacle?.mayPass == true)
        #expect(obstacle?.why == "there is no way to it (\(why))")
    }

    @Test(.needsRoot) func `a route on a host without an address names no source, which may pass`() throws {
        let script = "ip address flush dev left; ip route add 192.0.2.0/24 dev left"
        let obstacle = try find(Self.far, after: script).obstacle
        #expect(obstacle == .noSource)
        #expect(obstacle?.mayPass == true)
    }

    @Test(arguments: [(1500, 1480), (65_536, 65_515), (65_535, 65_515), (88, 68), (68, 68), (0, 68)])
    func `the tunnel's MTU leaves room for the outer header, within what IPv4 knows`(mtu: Int, tunnel: Int) {
        #expect(Way(local: Self.near, gateway: nil, link: 1, mtu: mtu).tunnelMTU == tunnel)
    }
}
