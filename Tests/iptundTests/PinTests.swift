// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite(.needsRoot) struct PinTests {
    static let far = IPv4Address(192, 0, 2, 1)

    private struct Sight {
        var pins: [Route]
        var links: [String: Int32]
        /// Whether packets to the peer leave as before when the pin is there.
        var isTaken: Bool
    }

    /// The pin of `peer` where `left` has 10.0.0.1/24 and 10.0.0.7/24, `side` has 10.1.0.1/24, and the tunnel's device is there,
    /// after `script`.
    private func look(
        _ peer: IPv4Address = far, local: IPv4Address? = nil, mark: PacketMark = .standard, after script: String = ":"
    ) throws -> Sight {
        try inFreshNetwork {
            try shell(
                "for name in left side; do ip link add $name type veth peer name $name-end; ip link set $name up; ip link set $name-end up; done"
            )
            try shell("ip address add 10.0.0.1/24 dev left; ip address add 10.0.0.7/24 dev left")
            try shell("ip address add 10.1.0.1/24 dev side; ip tuntap add iptun0 mode tun; ip link set iptun0 up")
            try shell(script)
            let netlink = try Netlink()
            let device = try HostChange.Device.named("iptun0", netlink)
            let pins = try Pin.routes(
                to: [peer], besides: device.index, local: local, mark: mark, user: 0, netlink)
            var links: [String: Int32] = [:]
            for name in ["left", "side", "iptun0"] { links[name] = try netlink.link(named: name)?.index }
            var finder = WayFinder(.otherHosts, mark: mark)
            let before = try? finder.find(peer, from: local, netlink)
            for pin in pins { try netlink.addFirst(pin) }
            let after = try? finder.find(peer, from: local, netlink)
            let isSame = after?.local == before?.local && after?.link == before?.link
            return Sight(pins: pins, links: links, isTaken: isSame && after != nil)
        }
    }

    private func pin(
        to peer: IPv4Address = far, via gateway: IPv4Address?, _ link: Int32?, source: IPv4Address? = nil,
        isOnLink: Bool = false
    ) throws -> Route {
        Route(
            to: Prefix(host: peer), gateway: gateway, link: try #require(link), source: source, protocolNumber: 203,
            isOnLink: isOnLink)
    }

    @Test func `a peer on the link is its own gateway`() throws {
        let peer = IPv4Address(10, 0, 0, 2)
        let sight = try look(peer)
        let source = IPv4Address(10, 0, 0, 1)
        #expect(sight.pins == [try pin(to: peer, via: peer, sight.links["left"], source: source, isOnLink: true)])
        #expect(sight.isTaken)
    }

    @Test func `a peer behind a router goes by it`() throws {
        let sight = try look(after: "ip route add default via 10.0.0.2")
        #expect(sight.pins == [try pin(via: IPv4Address(10, 0, 0, 2), sight.links["left"])])
        #expect(sight.isTaken)
    }

    @Test func `a local address that was named is ours alone, other traffic keeps its source`() throws {
        let sight = try look(IPv4Address(10, 0, 0, 2), local: IPv4Address(10, 0, 0, 7))
        #expect(sight.pins.first?.source == IPv4Address(10, 0, 0, 1))
        #expect(sight.isTaken)
    }

    @Test func `a gateway that no route of the link covers is said to be on the link`() throws {
        let script = "ip route add default via 10.0.0.2; ip route add 192.0.2.0/24 via 172.16.0.1 dev left onlink"
        let sight = try look(after: script)
        #expect(sight.pins == [try pin(via: IPv4Address(172, 16, 0, 1), sight.links["left"], isOnLink: true)])
        #expect(sight.isTaken)
        // The route of the link went, and what was made by it stayed.
        let lost = "ip route add 172.16.0.1 dev left; ip route add default via 172.16.0.1; ip route delete 172.16.0.1"
        #expect(try look(after: lost).pins.first?.isOnLink == true)
    }

    @Test func `a router that has an address of IPv6 only is the router of the pin`() throws {
        let sight = try look(after: "ip -4 route add default via inet6 fe80::1 dev left")
        let router = NextHop.Gateway.ipv6([0xfe, 0x80] + Array(repeating: 0, count: 13) + [1])
        let hop = NextHop(router, link: try #require(sight.links["left"]))
        #expect(sight.pins == [Route(to: Prefix(host: Self.far), by: [hop], protocolNumber: 203)])
        #expect(sight.isTaken)
    }

    @Test func `a route by several next hops is copied with all of them, but for dead ones`() throws {
        let several = "nexthop via 10.0.0.2 weight 3 nexthop via 10.1.0.2 nexthop via 10.0.0.3"
        let sight = try look(after: "ip route add default \(several); ip link set side down")
        let left = try #require(sight.links["left"])
        #expect(
            sight.pins.first?.hops == [
                NextHop(.ipv4(IPv4Address(10, 0, 0, 2)), link: left, weight: 3),
                NextHop(.ipv4(IPv4Address(10, 0, 0, 3)), link: left),
            ])
        #expect(sight.isTaken)
        #expect(
            HostChange.route(try #require(sight.pins.first), on: HostChange.Device(index: left, name: "left")).command
                .text
                == "ip route add 192.0.2.1/32 proto 203 nexthop via 10.0.0.2 dev left weight 3 "
                + "nexthop via 10.0.0.3 dev left weight 1")
    }

    @Test(arguments: ["net.ipv4.nexthop_compat_mode=1", "net.ipv4.nexthop_compat_mode=0"])
    func `a nexthop object is as what stands in it`(mode: String) throws {
        let one = "sysctl -qw \(mode); ip nexthop add id 7 via 10.0.0.2 dev left"
        let sight = try look(after: "\(one); ip route add default nhid 7")
        #expect(sight.pins == [try pin(via: IPv4Address(10, 0, 0, 2), sight.links["left"])])
        let group = "\(one); ip nexthop add id 8 via 10.1.0.2 dev side; ip nexthop add id 9 group 7,2/8,5"
        let both = try look(after: "\(group); ip route add default nhid 9")
        #expect(both.pins.first?.hops.map(\.weight) == [2, 5])
        #expect(both.pins.first?.hops.map(\.ipv4) == [IPv4Address(10, 0, 0, 2), IPv4Address(10, 1, 0, 2)])
    }

    @Test func `the longest packet of a route is that of its pin`() throws {
        let script = "ip route add default via 10.0.0.2 mtu lock 1400"
        #expect(try look(after: script).pins.first?.mtu == Route.MTU(octets: 1_400, isLocked: true))
    }

    @Test(arguments: [
        "ip route add 192.0.2.0/24 dev iptun0",
        "ip route add 0.0.0.0/1 dev iptun0; ip route add 128.0.0.0/1 dev iptun0",
        "ip route add 192.0.2.1 dev iptun0", "ip route add default dev iptun0 metric 0",
        "ip address add 192.0.2.9/24 dev iptun0", "ip route add 192.0.2.1/32 via 10.0.0.9 proto 203",
        "ip route add 192.0.2.0/24 nexthop via 10.0.0.2 dev left nexthop dev iptun0",
    ]) func `what leads into the tunnel is passed over, and so is a pin`(script: String) throws {
        let sight = try look(after: "ip route add default via 10.0.0.2 metric 5; \(script)")
        #expect(sight.pins == [try pin(via: IPv4Address(10, 0, 0, 2), sight.links["left"])])
    }

    @Test func `where nothing leads there is no pin`() throws {
        #expect(try look().pins == [])
        #expect(try look(after: "ip route add default dev iptun0").pins == [])
        #expect(try look(after: "ip route add default via 10.0.0.2; ip route add unreachable 192.0.2.0/24").pins == [])
    }

    @Test func `a table that is asked before main needs none, one after it is copied`() throws {
        let routes = "ip route add default via 10.0.0.2; ip route add default via 10.1.0.2 table 77"
        #expect(try look(after: "\(routes); ip rule add priority 9 lookup 77").pins == [])
        #expect(try look(after: "\(routes); ip rule add priority 9 fwmark 0x1994 lookup 77").pins == [])
        #expect(try look(after: "\(routes); ip rule add priority 9 fwmark 0x7 lookup 77").pins.count == 1)
        #expect(try look(after: "\(routes); ip rule add priority 9 from 10.0.0.7 lookup 77").pins.count == 1)
        let named = "\(routes); ip rule add priority 9 from 10.0.0.7 lookup 77"
        #expect(try look(local: IPv4Address(10, 0, 0, 7), after: named).pins == [])
        // As wg-quick has it: a pin would be found by the first of these rules.
        let behind = "ip rule add priority 8 lookup main suppress_prefixlength 0; ip rule add priority 9 lookup 77"
        let sight = try look(after: "\(routes); \(behind)")
        #expect(sight.pins == [try pin(via: IPv4Address(10, 1, 0, 2), sight.links["side"])])
        let after = "ip route add default via 10.1.0.2 table 77; ip rule add priority 40000 lookup 77"
        #expect(try look(after: after).pins == [try pin(via: IPv4Address(10, 1, 0, 2), sight.links["side"])])
    }
}

/// Which peers are pinned.
@Suite struct PinnedPeersTests {
    private static let peers = [IPv4Address(192, 0, 2, 1), IPv4Address(198, 51, 100, 1)]

    private func pinned(
        _ allowed: [String]?, addresses: [String] = [], routed: [String] = [],
        _ adjust: (inout TunnelSettings) -> Void = { _ in }
    ) -> [IPv4Address] {
        var settings = TunnelSettings(peers: Self.peers.map { .sample("\($0)", allowed: allowed) })
        settings.addresses = addresses.compactMap { InterfaceAddress($0) }
        adjust(&settings)
        return Pin.peers(of: settings, known: Self.peers, routed: routed.map(block))
    }

    @Test func `a bare peer is, whatever is routed`() { #expect(pinned(nil) == Self.peers) }

    @Test func `one with AllowedIPs is where something in main leads into the device`() {
        #expect(pinned(["10.0.0.0/8"]) == [])
        #expect(pinned(["10.0.0.0/8"], addresses: ["192.0.2.9/24"]) == [Self.peers[0]])
        #expect(pinned(["10.0.0.0/8"], addresses: ["10.9.0.1/32"]) == [])
        #expect(pinned(["10.0.0.0/8"], routed: ["198.51.0.0/16"]) == [Self.peers[1]])
        #expect(pinned(["10.0.0.0/8"], routed: ["0.0.0.0/1", "128.0.0.0/1"]) == Self.peers)
    }

    @Test func `where routes are somebody else's, or outer packets leave elsewhere, none is`() {
        #expect(pinned(nil) { $0.table = .off } == [])
        #expect(pinned(nil) { $0.namespace = "n" } == [])
    }
}
