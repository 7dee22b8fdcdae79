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
        var state = DeviceFacts.sample()
        state.addresses = Array(all.prefix(present))
        let wanted = [.noIPv6(on: .tunnel)] + all.map { HostChange.address($0, on: .tunnel) } + [.up(.tunnel)]
        let lines = Lines()
        try lines.echo(limit: limit)(Reconciliation(to: wanted, from: [], HostFacts(device: state)), creating: created)
        return lines.all
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

    @Test func `a change is printed before it is made, and after one that fails nothing is`() throws {
        let lines = Lines()
        let plan = Reconciliation(to: [.noIPv6(on: .tunnel), .up(.tunnel)], from: [], HostFacts(device: .sample()))
        var made: [(HostChange, [String])] = []
        let expected = Complaint("a", why: "b", whatNow: "c")
        #expect(throws: expected) {
            try lines.echo()(plan, creating: nil) { addition throws(Complaint) in
                made.append((addition.step.change, lines.all))
                throw expected
            }
        }
        #expect(made.map(\.0) == [.noIPv6(on: .tunnel)])
        #expect(made.map(\.1) == [["[#] ip link set dev iptun0 addrgenmode none"]])
        #expect(lines.all.count == 1)
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

    @Test func `commands of several kinds are printed in their order, each kind up to the limit`() {
        let lines = Lines()
        lines.echo(limit: 1).commands([("b", "b 1"), ("a", "a 1"), ("b", "b 2"), ("b", "b 3")])
        #expect(lines.all == ["[#] b 1", "[#] a 1", "[#] # ... and 2 more: b (--verbose prints all)"])
    }
}
