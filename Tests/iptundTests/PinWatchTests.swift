// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct PinWatchTests {
    static let peer = IPv4Address(192, 0, 2, 1)

    /// How the pin to 192.0.2.1 by 10.0.0.9 on `left`, where the default route goes too, stands after `script`.
    private func look(
        after script: String, to gateway: IPv4Address = IPv4Address(10, 0, 0, 9)
    ) throws -> (standing: PinWatch.Standing?, left: Int32, other: Int32) {
        try inFreshNetwork {
            try shell("for name in left other; do ip link add $name type veth peer name $name-end; done")
            try shell("for name in left left-end other other-end; do ip link set $name up; done")
            try shell("ip address add 10.0.0.1/24 dev left; ip address add 10.1.0.1/24 dev other")
            try shell("ip route add default via 10.0.0.9")
            let netlink = try Netlink()
            let left = try HostChange.Device.named("left", netlink)
            let pin = Route(
                to: Prefix(host: Self.peer), gateway: gateway, link: left.index, source: IPv4Address(10, 0, 0, 1),
                protocolNumber: 203, isOnLink: gateway == Self.peer)
            try netlink.add(pin)
            let bare = TunnelSettings(peers: [PeerSettings(endpoint: .address(Self.peer))])
            let watch = PinWatch(bare, netlink)
            try shell(script)
            return (watch?.look(netlink), left.index, try HostChange.Device.named("other", netlink).index)
        }
    }

    @Test(
        .needsRoot,
        arguments: [
            ":", "ip route add 192.0.2.0/24 via 10.0.0.9", "ip route add default via 10.0.0.8 metric 100",
            "ip route add 192.0.0.0/16 via 10.0.0.8; ip route add 192.0.2.0/24 via 10.0.0.9",
            "ip route add 198.51.100.0/24 via 10.0.0.8", "ip route delete default",
            "ip route add 192.0.2.1 via 10.0.0.9 metric 5", "ip route add 192.0.2.0/24 via 10.0.0.8 table 99",
        ])
    func `a pin that goes as other packets would is good`(script: String) throws {
        #expect(try look(after: script).standing == .good)
    }

    @Test(.needsRoot) func `a pin of a peer on the link is good while the link has a route to it`() throws {
        let script = "ip route add 192.0.2.0/24 dev left"
        #expect(try look(after: script, to: Self.peer).standing == .good)
    }

    @Test(
        .needsRoot,
        arguments: [
            "ip route replace default via 10.0.0.8", "ip route add 192.0.2.0/24 via 10.0.0.8",
            "ip route delete default; ip route add default via 10.0.0.8 metric 7; ip route add default via 10.0.0.9 metric 8",
        ])
    func `a pin whose packets would leave by another router is stale`(script: String) throws {
        let (standing, left, _) = try look(after: script)
        #expect(standing == .stale(gateway: IPv4Address(10, 0, 0, 8), link: left))
    }

    @Test(.needsRoot) func `so is one that would leave by another link`() throws {
        let (standing, _, other) = try look(after: "ip route add 192.0.2.0/24 dev other")
        #expect(standing == .stale(gateway: nil, link: other))
    }

    @Test(
        .needsRoot,
        arguments: ["ip route delete 192.0.2.1", "ip link set left down", "ip route replace 192.0.2.1 via 10.0.0.8"])
    func `a pin that is not there is gone`(script: String) throws {
        #expect(try look(after: script).standing == .gone)
    }

    @Test(
        .needsRoot,
        arguments: [
            "ip route delete 192.0.2.1", "ip route change 192.0.2.1 via 10.0.0.9 proto static",
            "ip route change 192.0.2.1 dev left proto 203",
        ])
    func `without a pin of ours there is nothing to watch`(script: String) throws {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name left-end; ip link set left up; ip link set left-end up")
            try shell("ip address add 10.0.0.1/24 dev left; ip route add 192.0.2.1 via 10.0.0.9 proto 203")
            try shell(script)
            let netlink = try Netlink()
            let bare = TunnelSettings(peers: [PeerSettings(endpoint: .address(Self.peer))])
            let watch = PinWatch(bare, netlink)
            #expect(watch?.peer == nil)
        }
    }

    @Test func `a peer with AllowedIPs, or by name, has no pin`() throws {
        let netlink = try Netlink()
        for peer in [PeerSettings(endpoint: .address(Self.peer), allowed: [.all]), PeerSettings(endpoint: .name("b"))] {
            #expect(PinWatch(TunnelSettings(peers: [peer]), netlink)?.peer == nil)
        }
    }
}
