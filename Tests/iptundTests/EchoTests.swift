// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct EchoTests {
    /// What is printed of a plan for a device that is down, has `present` addresses, and shall have `addresses`.
    private func lines(
        addresses: Int, present: Int = 0, limit: Int, creating created: String? = nil
    ) throws -> [String] {
        let all = (0..<addresses).compactMap { InterfaceAddress(IPv4Address(10, 9, 0, UInt8($0))) }
        let device = HostChange.Device(index: 7, name: "iptun0")
        let underlay = Underlay(
            peer: IPv4Address(192, 0, 2, 1), local: IPv4Address(198, 51, 100, 7), gateway: nil, routeSource: nil,
            isGatewayOnLink: false,
            device: device, mtu: 1500)
        var settings = TunnelSettings(peers: [PeerSettings(endpoint: .name("b.example"))])
        settings.addresses = all
        let state = Plan.Device(
            device: device, mtu: 1480, isUp: false, isNew: true, addresses: Array(all.prefix(present)))
        let plan = try Plan(settings, on: state, over: underlay, try Netlink())
        var lines: [String] = []
        try Echo(limit: limit) { lines.append($0) }(plan, creating: created)
        return lines
    }

    @Test func `a device that is made comes first, then the changes in their order`() throws {
        #expect(
            try lines(addresses: 1, limit: 20, creating: "iptun0") == [
                "[#] ip tuntap add mode tun dev iptun0", "[#] ip link set dev iptun0 addrgenmode none",
                "[#] ip address add 10.9.0.0/32 dev iptun0", "[#] ip link set dev iptun0 up",
            ])
    }

    @Test func `a device that is there already is not made`() throws {
        let lines = try lines(addresses: 0, limit: 20)
        #expect(lines == ["[#] ip link set dev iptun0 addrgenmode none", "[#] ip link set dev iptun0 up"])
    }

    @Test(arguments: [(19, 19, false), (20, 20, false), (21, 20, true), (100, 20, true)])
    func `of each kind only the first are printed, and the rest counted`(
        count: Int, printed: Int, isCounted: Bool
    ) throws {
        let lines = try lines(addresses: count, limit: 20)
        let counting = "[#] # ... and \(count - 20) more: ip address (--verbose prints all)"
        #expect(lines.filter { $0.hasPrefix("[#] ip address add") }.count == printed)
        #expect(lines.contains("[#] ip link set dev iptun0 up"))
        #expect(lines.contains(counting) == isCounted)
    }

    @Test func `kinds are counted apart`() throws {
        let lines = try lines(addresses: 3, limit: 1)
        #expect(
            lines == [
                "[#] ip link set dev iptun0 addrgenmode none", "[#] ip address add 10.9.0.0/32 dev iptun0",
                "[#] # ... and 2 more: ip address (--verbose prints all)",
                "[#] # ... and 1 more: ip link (--verbose prints all)",
            ])
    }

    @Test func `without a limit everything is printed`() throws {
        #expect(try lines(addresses: 100, limit: .max).count == 102)
    }

    @Test func `what is there already is printed as a remark`() throws {
        #expect(
            try lines(addresses: 1, present: 1, limit: 20).last
                == "[#] # there already, left alone: ip address add 10.9.0.0/32 dev iptun0")
    }

    @Test func `what is there already and not printed is counted too`() throws {
        let lines = try lines(addresses: 21, present: 21, limit: 20)
        #expect(lines.filter { $0.hasPrefix("[#] # there already") }.count == 20)
        #expect(lines.contains { $0.contains("1 more") })
    }
}
