// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

@Suite struct HostChangeTests {
    static let device = HostChange.Device(index: 7, name: "iptun0")
    static let uplink = HostChange.Device(index: 2, name: "eth0")
    static let pin = Prefix(host: IPv4Address(192, 0, 2, 1))
    static let router = IPv4Address(10, 0, 0, 1)

    private static func route(
        _ gateway: IPv4Address? = nil, source: IPv4Address? = nil, isOnLink: Bool = false
    ) -> HostChange {
        let route = Route(
            to: pin, gateway: gateway, link: 2, source: source, protocolNumber: 203, isOnLink: isOnLink)
        return .route(route, uplink)
    }

    static let table: [(change: HostChange, kind: String, command: String, reverse: String)] = [
        (
            .noIPv6(device), "ip link", "ip link set dev iptun0 addrgenmode none",
            "ip link delete dev iptun0"
        ),
        (
            .mtu(device, octets: 1480, before: 1500), "ip link", "ip link set dev iptun0 mtu 1480",
            "ip link set dev iptun0 mtu 1500"
        ),
        (.up(device), "ip link", "ip link set dev iptun0 up", "ip link set dev iptun0 down"),
        (
            route(), "ip route", "ip route add 192.0.2.1/32 dev eth0 proto 203",
            "ip route delete 192.0.2.1/32 dev eth0 proto 203"
        ),
        (
            route(router), "ip route", "ip route add 192.0.2.1/32 via 10.0.0.1 dev eth0 proto 203",
            "ip route delete 192.0.2.1/32 via 10.0.0.1 dev eth0 proto 203"
        ),
        (
            route(router, source: IPv4Address(10, 0, 0, 7), isOnLink: true), "ip route",
            "ip route add 192.0.2.1/32 via 10.0.0.1 dev eth0 proto 203 src 10.0.0.7 onlink",
            "ip route delete 192.0.2.1/32 via 10.0.0.1 dev eth0 proto 203 src 10.0.0.7 onlink"
        ),
    ]

    @Test(arguments: table) func `a change reads as the command that one could have typed`(
        row: (change: HostChange, kind: String, command: String, reverse: String)
    ) {
        #expect(row.change.command.kind == row.kind)
        #expect(row.change.command.text == row.command)
        #expect(row.change.reverseCommand == row.reverse)
    }

    @Test(arguments: ["10.9.0.1/32", "10.9.0.1/24", "10.9.0.1 peer 10.9.0.2/32"])
    func `an address reads as the command that one could have typed`(text: String) throws {
        let change = HostChange.address(try #require(InterfaceAddress(text)), Self.device)
        #expect(change.command.kind == "ip address")
        #expect(change.command.text == "ip address add \(text) dev iptun0")
        #expect(change.reverseCommand == "ip address delete \(text) dev iptun0")
    }

    /// What `ip` shows of everything that changes may touch.
    private static let everything = """
        ip -o link show dev left | grep -oE 'mtu [0-9]+|[<,]UP[,>]'; ip -o -4 address show; ip -4 route show table all
        """

    @Test(.needsRoot, arguments: ["mtu", "address", "up", "route", "pin"])
    func `a change does what its command does, and its reverse takes it back`(kind: String) throws {
        let (mine, theirs, isTakenBack, before, after, isTakenBackAgain) = try inFreshNetwork {
            try shell("ip link add left address 02:00:00:00:00:01 type veth peer name right; ip link set right up")
            try shell("ip link set left addrgenmode none; ip address add 10.0.0.7/24 dev left")
            let netlink = try Netlink()
            let device = HostChange.Device(index: try #require(try netlink.link(named: "left")).index, name: "left")
            let toTunnel = Route(
                to: Self.pin, link: device.index, source: IPv4Address(10, 0, 0, 7), protocolNumber: 203)
            let pin = Route(
                to: Self.pin, gateway: IPv4Address(10, 1, 1, 1), link: device.index, protocolNumber: 203, isOnLink: true
            )
            let change: HostChange =
                switch kind {
                case "mtu": .mtu(device, octets: 1400, before: 1500)
                case "address": .address(try #require(InterfaceAddress("10.9.0.1 peer 10.9.0.2")), device)
                case "up": .up(device)
                case "route": .route(toTunnel, device)
                default: .route(pin, device)
                }
            if ["route", "pin"].contains(kind) { try shell("ip link set left up") }
            let before = try shell(Self.everything)
            try change.apply(netlink)
            let mine = try shell(Self.everything)
            let isTakenBack = try change.revert(netlink)
            let after = try shell(Self.everything)
            try shell(change.command.text)
            let theirs = try shell(Self.everything)
            try shell(change.reverseCommand)
            // A value can be set twice, a thing removed only once.
            let isTakenBackAgain = ["mtu", "up"].contains(kind) ? false : try change.revert(netlink)
            return (mine, theirs, isTakenBack, before, after, isTakenBackAgain)
        }
        #expect(mine == theirs)
        #expect(mine != before)
        #expect(after == before)
        #expect(isTakenBack)
        #expect(!isTakenBackAgain)
    }

    @Test(.needsRoot) func `with the device went its changes, and nothing is left to take back`() throws {
        let results = try inFreshNetwork {
            let netlink = try Netlink()
            let gone = HostChange.Device(index: 99, name: "gone")
            let address = try #require(InterfaceAddress("10.9.0.1"))
            let changes: [HostChange] = [
                .noIPv6(gone), .mtu(gone, octets: 1, before: 1500), .address(address, gone), .up(gone),
                .route(Route(to: Self.pin, link: 99, protocolNumber: 203), gone),
            ]
            return try changes.map { try $0.revert(netlink) }
        }
        #expect(results == [false, false, false, false, false])
    }
}
