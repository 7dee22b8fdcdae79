// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite(.needsRoot) struct PlanTests {
    static let peer = IPv4Address(192, 0, 2, 1)
    static let router = IPv4Address(10, 0, 0, 9)

    /// What `arguments` plan where `iptun0` is a device and the peer is behind `gateway` on `left`, after `script`.
    private func plan(
        _ arguments: String..., gateway: IPv4Address? = router, isOnLink: Bool = false, isUp: Bool = false,
        mtu: Int = 1500, after script: String = ":"
    ) throws -> (commands: [String], alreadyThere: [String]) {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left; ip tuntap add iptun0 mode tun; ip link set iptun0 up")
            try shell(script)
            let netlink = try Netlink()
            let left = try #require(try netlink.link(named: "left")).index
            let device = HostChange.Device(index: try #require(try netlink.link(named: "iptun0")).index, name: "iptun0")
            let underlay = Underlay(
                peer: Self.peer, local: IPv4Address(10, 0, 0, 1), gateway: gateway, routeSource: nil,
                isGatewayOnLink: isOnLink,
                device: HostChange.Device(index: left, name: "left"), mtu: 1500)
            let state = Plan.Device(
                device: device, mtu: mtu, isUp: isUp, isNew: true, addresses: try netlink.addresses(link: device.index))
            let plan = try Plan(try Up.parse(arguments).request().settings, on: state, over: underlay, netlink)
            return (plan.changes.map(\.command.text), plan.alreadyThere.map(\.command.text))
        }
    }

    @Test func `changes come in the order in which each can work`() throws {
        let plan = try plan(
            "--peer", "192.0.2.1", "--address", "10.9.0.1/32,10.9.0.2/32", "--allowed-ips", "192.0.2.0/24,10.9.1.0/24")
        #expect(
            plan.commands == [
                "ip route add 192.0.2.1/32 via 10.0.0.9 dev left proto 203", "ip link set dev iptun0 addrgenmode none",
                "ip link set dev iptun0 mtu 1480", "ip address add 10.9.0.1/32 dev iptun0",
                "ip address add 10.9.0.2/32 dev iptun0", "ip link set dev iptun0 up",
                "ip route add 192.0.2.0/24 dev iptun0 proto 203 src 10.9.0.1",
                "ip route add 10.9.1.0/24 dev iptun0 proto 203 src 10.9.0.1",
            ])
        #expect(plan.alreadyThere.isEmpty)
    }

    static let pin = "ip route add 192.0.2.1/32 via 10.0.0.9 dev left proto 203"

    @Test(arguments: [
        (["--peer", "192.0.2.1"], true), (["--peer", "b.example"], false),
        (["--peer", "192.0.2.1", "--allowed-ips", "10.9.1.0/24"], false),
        (["--peer", "192.0.2.1", "--allowed-ips", "10.9.1.0/24,192.0.2.0/24"], true),
        (["--peer", "192.0.2.1", "--allowed-ips", "0.0.0.0/0"], true),
        (["--peer", "b.example", "--allowed-ips", "10.9.1.0/24"], false),
        (["--peer", "b.example", "--allowed-ips", "0.0.0.0/0"], true),
    ])
    func `the peer is pinned when a route into the tunnel may cover it`(arguments: [String], isPinned: Bool) throws {
        let plan =
            try arguments.count == 2
            ? plan(arguments[0], arguments[1]) : plan(arguments[0], arguments[1], arguments[2], arguments[3])
        #expect(plan.commands.contains(Self.pin) == isPinned)
        #expect((plan.commands.first == Self.pin) == isPinned)
    }

    @Test func `a pin goes as today's route to the peer does`() throws {
        let direct = try plan("--peer", "192.0.2.1", gateway: nil)
        #expect(direct.commands.first == "ip route add 192.0.2.1/32 via 192.0.2.1 dev left proto 203 onlink")
        let onLink = try plan("--peer", "192.0.2.1", isOnLink: true)
        #expect(onLink.commands.first == "ip route add 192.0.2.1/32 via 10.0.0.9 dev left proto 203 onlink")
    }

    @Test(arguments: [
        ("ip route add 192.0.2.1/32 via 10.0.0.9 dev left", true),
        ("ip route add 192.0.2.1/32 via 10.0.0.9 dev left metric 7", true),
        ("ip route add 192.0.2.1/32 via 10.0.0.8 dev left", false), ("ip route add 192.0.2.1/32 dev left", false),
        ("ip route add 192.0.2.0/24 via 10.0.0.9 dev left", false),
    ])
    func `a pin that is there already is left alone`(script: String, isThere: Bool) throws {
        let plan = try plan("--peer", "192.0.2.1", after: script)
        #expect(plan.alreadyThere == (isThere ? [Self.pin] : []))
        #expect(plan.commands.contains(Self.pin) == !isThere)
    }

    @Test(arguments: ["", " onlink via 192.0.2.1"])
    func `a host on the link is its own gateway, whether a route says so or not`(
        route: String
    ) throws {
        let plan = try plan(
            "--peer", "192.0.2.1", gateway: nil, after: "ip route add 192.0.2.1/32 dev left\(route)")
        #expect(plan.alreadyThere.count == 1)
    }

    @Test func `routes and addresses of the device that are there already are left alone`() throws {
        let plan = try plan(
            "--peer", "192.0.2.1", "--address", "10.9.0.1/32,10.9.0.2/32", "--allowed-ips", "10.9.1.0/24,10.9.2.0/24",
            after: "ip address add 10.9.0.1/32 dev iptun0; ip route add 10.9.1.0/24 dev iptun0")
        #expect(
            plan.alreadyThere == [
                "ip address add 10.9.0.1/32 dev iptun0", "ip route add 10.9.1.0/24 dev iptun0 proto 203 src 10.9.0.1",
            ])
        #expect(plan.commands.contains("ip address add 10.9.0.2/32 dev iptun0"))
        #expect(plan.commands.contains("ip route add 10.9.2.0/24 dev iptun0 proto 203 src 10.9.0.1"))
        #expect(plan.commands.allSatisfy { !$0.contains("10.9.0.1/32") && !$0.contains("10.9.1.0/24") })
    }

    @Test func `what the device has already is not changed`() throws {
        let same = try plan("--peer", "b.example", isUp: true, mtu: 1480)
        #expect(same.commands == ["ip link set dev iptun0 addrgenmode none"])
        let asked = try plan("--peer", "b.example", "--mtu", "1400", isUp: true, mtu: 1480)
        #expect(asked.commands == ["ip link set dev iptun0 addrgenmode none", "ip link set dev iptun0 mtu 1400"])
    }

    @Test func `without an address routes name no source`() throws {
        let plan = try plan("--peer", "192.0.2.1", "--allowed-ips", "10.9.1.0/24")
        #expect(plan.commands.last == "ip route add 10.9.1.0/24 dev iptun0 proto 203")
    }
}
