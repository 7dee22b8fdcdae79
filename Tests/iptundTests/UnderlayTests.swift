// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct UnderlayTests {
    static let near = IPv4Address(10, 0, 0, 2)
    static let far = IPv4Address(192, 0, 2, 1)

    /// Looks for the peer where `left` has 10.0.0.1/24 and 10.0.0.7/24, after `script`.
    private func find(
        _ peer: IPv4Address, local: IPv4Address? = nil, after script: String = ":"
    ) throws -> (underlay: Underlay?, complaint: Complaint?, device: HostChange.Device) {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 brd + dev left; ip address add 10.0.0.7/24 dev left")
            try shell(script)
            let netlink = try Netlink()
            let device = HostChange.Device(index: try #require(try netlink.link(named: "left")).index, name: "left")
            do throws(Complaint) {
                return (try Underlay.find(peer, local: local, netlink), nil, device)
            } catch {
                return (nil, error, device)
            }
        }
    }

    @Test(.needsRoot) func `a peer on the link has no gateway`() throws {
        let (underlay, _, device) = try find(Self.near)
        #expect(
            underlay
                == Underlay(
                    peer: Self.near, local: IPv4Address(10, 0, 0, 1), gateway: nil,
                    routeSource: IPv4Address(10, 0, 0, 1), isGatewayOnLink: false,
                    device: device, mtu: 1500))
    }

    @Test(.needsRoot) func `a peer behind a router has one`() throws {
        let (underlay, _, device) = try find(Self.far, after: "ip route add default via 10.0.0.2")
        #expect(
            underlay
                == Underlay(
                    peer: Self.far, local: IPv4Address(10, 0, 0, 1), gateway: Self.near,
                    routeSource: IPv4Address(10, 0, 0, 1), isGatewayOnLink: false,
                    device: device, mtu: 1500))
    }

    @Test(.needsRoot) func `a local address that was named is ours alone, other traffic keeps its source`() throws {
        let underlay = try find(Self.near, local: IPv4Address(10, 0, 0, 7)).underlay
        #expect(underlay?.local == IPv4Address(10, 0, 0, 7))
        #expect(underlay?.routeSource == IPv4Address(10, 0, 0, 1))
    }

    @Test(.needsRoot) func `a gateway that no route of the link covers is said to be on the link`() throws {
        let script = "ip route add default via 10.0.0.2; ip route add 192.0.2.0/24 via 172.16.0.1 dev left onlink"
        let (underlay, _, _) = try find(Self.far, after: script)
        #expect(underlay?.gateway == IPv4Address(172, 16, 0, 1))
        #expect(underlay?.isGatewayOnLink == true)
    }

    @Test(.needsRoot) func `rules that ask for our address apply, as they do to what is sent`() throws {
        let script = """
            ip link add other type veth peer name end; ip link set end up; ip link set other up
            ip route add default via 10.0.0.2; ip route add default dev other table 100
            ip rule add priority 50 from 10.0.0.1 lookup 100
            """
        #expect(try find(Self.far, after: script).underlay?.device.name == "other")
        #expect(try find(Self.far, local: IPv4Address(10, 0, 0, 7), after: script).underlay?.device.name == "left")
    }

    @Test(.needsRoot) func `our address is the one that was asked for, or what the route says`() throws {
        #expect(try find(Self.near, local: IPv4Address(10, 0, 0, 7)).underlay?.local == IPv4Address(10, 0, 0, 7))
        let script = "ip route add 192.0.2.0/24 via 10.0.0.2 src 10.0.0.7"
        #expect(try find(Self.far, after: script).underlay?.local == IPv4Address(10, 0, 0, 7))
    }

    @Test(
        .needsRoot,
        arguments: [
            ("ip route add 192.0.2.0/24 via 10.0.0.2 mtu 1400", 1400),
            ("ip route add 192.0.2.0/24 via 10.0.0.2; ip link set left mtu 1300", 1300),
            ("ip route add 192.0.2.0/24 via 10.0.0.2 mtu lock 9000", 1500),
        ])
    func `the MTU is the route's or the link's, whichever is less`(script: String, mtu: Int) throws {
        #expect(try find(Self.far, after: script).underlay?.mtu == mtu)
    }

    @Test(.needsRoot, arguments: [IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 7), IPv4Address(127, 0, 0, 1)])
    func `a peer that is this host is refused`(peer: IPv4Address) throws {
        let expected = Complaint(
            "peer \(peer)", why: "is an address of this host", whatNow: "give the address of the other end")
        #expect(try find(peer).complaint == expected)
    }

    @Test(.needsRoot, arguments: [IPv4Address(10, 0, 0, 255), IPv4Address(224, 0, 0, 5)])
    func `a peer that is many hosts is refused`(peer: IPv4Address) throws {
        let complaint = try find(peer, after: "ip route add default via 10.0.0.2").complaint
        #expect(complaint?.description == "peer \(peer): is no single host; give the address of the other end")
    }

    @Test(
        .needsRoot,
        arguments: [
            (":", "Network is unreachable"), ("ip route add unreachable 192.0.2.0/24", "No route to host"),
            ("ip route add prohibit 192.0.2.0/24", "Permission denied"),
        ])
    func `a peer without a route is refused with the kernel's reason`(script: String, why: String) throws {
        let expected = Complaint(
            "no route to the peer 192.0.2.1", why: why, whatNow: "bring the uplink up, or add a route first")
        #expect(try find(Self.far, after: script).complaint == expected)
    }

    @Test func `a local address that is not ours is refused`() throws {
        let netlink = try Netlink()
        let error = #expect(throws: Complaint.self) {
            try Underlay.find(Self.far, local: IPv4Address(203, 0, 113, 77), netlink)
        }
        #expect(error?.what == "--local 203.0.113.77")
        #expect(error?.why == "is not an address of this host")
    }

    @Test(arguments: [(1500, 1480), (65_536, 65_515), (65_535, 65_515), (88, 68), (68, 68), (0, 68)])
    func `the tunnel's MTU leaves room for the outer header, within what IPv4 knows`(mtu: Int, tunnel: Int) {
        let underlay = Underlay(
            peer: Self.far, local: Self.near, gateway: nil, routeSource: nil, isGatewayOnLink: false,
            device: HostChange.Device(index: 1, name: "lo"), mtu: mtu)
        #expect(underlay.tunnelMTU == tunnel)
    }
}
