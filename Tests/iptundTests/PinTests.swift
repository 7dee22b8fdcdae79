// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite(.needsRoot) struct PinTests {
    static let far = IPv4Address(192, 0, 2, 1)

    /// The pin of `peer` where `left` has 10.0.0.1/24 and 10.0.0.7/24, after `script`, and the way that it goes.
    private func pin(
        _ peer: IPv4Address, local: IPv4Address? = nil, after script: String = ":"
    ) throws -> (pin: Route, way: Way, isTaken: Bool) {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left; ip address add 10.0.0.7/24 dev left")
            try shell(script)
            let netlink = try Netlink()
            var finder = WayFinder(.otherHosts)
            let way = try finder.find(peer, from: local, netlink)
            let pin = try #require(try Pin.route(to: peer, made: nil, besides: 99, local: local, netlink))
            try netlink.add(pin)
            let after = try finder.find(peer, from: local, netlink)
            let isSame = after.local == way.local && after.link == way.link && (after.gateway ?? peer) == pin.gateway
            return (pin, way, isSame)
        }
    }

    @Test func `a peer on the link is its own gateway`() throws {
        let peer = IPv4Address(10, 0, 0, 2)
        let (pin, way, isTaken) = try pin(peer)
        #expect(
            pin
                == Route(
                    to: Prefix(host: peer), gateway: peer, link: way.link, source: IPv4Address(10, 0, 0, 1),
                    protocolNumber: 203, isOnLink: true))
        #expect(isTaken)
    }

    @Test func `a peer behind a router goes by it`() throws {
        let (pin, way, isTaken) = try pin(Self.far, after: "ip route add default via 10.0.0.2")
        #expect(
            pin
                == Route(
                    to: Prefix(host: Self.far), gateway: IPv4Address(10, 0, 0, 2), link: way.link,
                    source: IPv4Address(10, 0, 0, 1), protocolNumber: 203, isOnLink: false))
        #expect(isTaken)
    }

    @Test func `a local address that was named is ours alone, other traffic keeps its source`() throws {
        let (pin, way, isTaken) = try pin(IPv4Address(10, 0, 0, 2), local: IPv4Address(10, 0, 0, 7))
        #expect(way.local == IPv4Address(10, 0, 0, 7))
        #expect(pin.source == IPv4Address(10, 0, 0, 1))
        #expect(isTaken)
    }

    @Test func `a gateway that no route of the link covers is said to be on the link`() throws {
        let script = "ip route add default via 10.0.0.2; ip route add 192.0.2.0/24 via 172.16.0.1 dev left onlink"
        let (pin, _, isTaken) = try pin(Self.far, after: script)
        #expect(pin.gateway == IPv4Address(172, 16, 0, 1))
        #expect(pin.isOnLink)
        #expect(isTaken)
    }
}
