// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
@testable import Linux
import Testing
import Wire

@Suite struct NextHopTests {
    private static let router = [UInt8]([0xfe, 0x80] + Array(repeating: 0, count: 13) + [1])

    @Test func `a list of next hops is read, dead ones left out`() {
        // struct rtnexthop: length, flags, weight less 1, link; RTA_GATEWAY 10.0.0.2; RTA_VIA fe80::1; one by the link alone.
        let list: [UInt8] =
            [16, 0, 0, 2, 3, 0, 0, 0, 8, 0, 5, 0, 10, 0, 0, 2]
            + [32, 0, 4, 0, 4, 0, 0, 0, 22, 0, 18, 0, 10, 0] + Self.router + [0, 0]
            + [16, 0, 1, 0, 3, 0, 0, 0, 8, 0, 5, 0, 10, 0, 0, 3] + [8, 0, 0, 0, 5, 0, 0, 0]
        #expect(
            NextHop.list(list) == [
                NextHop(.ipv4(IPv4Address(10, 0, 0, 2)), link: 3, weight: 3),
                NextHop(.ipv6(Self.router), link: 4, isOnLink: true), NextHop(nil, link: 5),
            ])
    }

    @Test(
        arguments: [
            [7, 0, 0, 0, 3, 0, 0, 0], [16, 0, 0, 0, 3, 0, 0, 0],
            // An encapsulation (RTA_ENCAP, 22).
            [16, 0, 0, 0, 3, 0, 0, 0, 8, 0, 22, 0, 1, 2, 3, 4],
        ] as [[UInt8]]) func `a list that is cut off, or says more, is none`(list: [UInt8])
    {
        #expect(NextHop.list(list) == nil)
    }

    @Test func `gateways are spelled as ip does`() {
        #expect(NextHop.Gateway.ipv4(IPv4Address(10, 0, 0, 2)).description == "10.0.0.2")
        #expect(NextHop.Gateway.ipv6(Self.router).description == "inet6 fe80::1")
        #expect(NextHop.Gateway(via: [10, 0] + Self.router) == .ipv6(Self.router))
        #expect(NextHop.Gateway(via: [10, 0, 1]) == nil)
        #expect(NextHop.Gateway(address: [1, 2, 3]) == nil)
    }

    @Test(.needsRoot) func `a route by several next hops is made, read back, replaced and removed`() throws {
        let (shown, found, left) = try inFreshNetwork {
            try shell(
                "for n in x y; do ip link add $n type veth peer name $n-end; ip link set $n up; ip link set $n-end up; done"
            )
            try shell("ip address add 10.0.0.1/24 dev x; ip address add 10.1.0.1/24 dev y")
            let netlink = try Netlink()
            let links = try ["x", "y"].map { name throws(Errno) in try netlink.link(named: name)?.index ?? 0 }
            let destination = Prefix("192.0.2.1/32") ?? .all
            let hops = [
                NextHop(.ipv4(IPv4Address(10, 0, 0, 2)), link: links[0], weight: 3),
                NextHop(.ipv6(NextHopTests.router), link: links[1]),
            ]
            let route = Route(
                to: destination, by: hops, protocolNumber: 203, mtu: Route.MTU(octets: 1_400, isLocked: true))
            try netlink.add(route)
            let shown = try shell("ip route show 192.0.2.1")
            let found = try netlink.routes(to: destination)
            try netlink.remove(route)
            return (shown, found == [route], try netlink.routes(to: destination))
        }
        #expect(shown.contains("mtu lock 1400"))
        #expect(shown.contains("nexthop via 10.0.0.2 dev x weight 3"))
        #expect(shown.contains("nexthop via inet6 fe80::1 dev y weight 1"))
        #expect(found)
        #expect(left == [])
    }

    @Test func `routes are written down and read back, those with one next hop as versions before wrote them`() throws {
        let destination = Prefix("192.0.2.1/32") ?? .all
        let one = Route(
            to: destination, gateway: IPv4Address(10, 0, 0, 2), link: 3, source: IPv4Address(10, 0, 0, 1),
            protocolNumber: 203, isOnLink: true)
        let hops = [NextHop(.ipv6(Self.router), link: 4), NextHop(nil, link: 3, weight: 256)]
        let routes = [
            one, Route(to: destination, by: hops, protocolNumber: 203),
            Route(to: destination, by: [hops[0]], protocolNumber: 203),
            .unreachable(destination, protocolNumber: 203, metric: 1),
        ]
        #expect(try JSONDecoder().decode([Route].self, from: JSONEncoder().encode(routes)) == routes)
        let former =
            #"{"destination":"192.0.2.1/32","gateway":"10.0.0.2","isOnLink":true,"kind":"unicast","link":3,"metric":0,"#
            + #""protocolNumber":203,"source":"10.0.0.1","table":254}"#
        #expect(try JSONDecoder().decode(Route.self, from: Data(former.utf8)) == one)
    }

    @Test(arguments: [
        #"[{"weight":0,"link":3,"isOnLink":false}]"#, #"[{"weight":257,"link":3,"isOnLink":false}]"#,
        #"[{"weight":1,"link":3,"isOnLink":false,"gateway":{"ipv6":{"_0":[1,2]}}}]"#,
    ]) func `next hops that cannot be are not read`(hops: String) {
        let text =
            #"{"destination":"192.0.2.1/32","isOnLink":true,"kind":"unicast","link":3,"metric":0,"protocolNumber":203,"#
            + #""table":254,"hops":\#(hops)}"#
        #expect(throws: (any Error).self) { try JSONDecoder().decode(Route.self, from: Data(text.utf8)) }
    }
}
