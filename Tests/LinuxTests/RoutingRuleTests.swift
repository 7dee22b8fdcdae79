// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import Linux
import Testing
import Wire

@Suite(.needsRoot) struct RoutingRuleTests {
    @Test(arguments: [
        (RoutingRule(priority: 100, table: 51820, protocolNumber: 142), "100:\tfrom all lookup 51820 proto 142"),
        (
            RoutingRule(priority: 1, mark: PacketMark(7), table: 254, protocolNumber: 142),
            "1:\tfrom all fwmark 0x7 lookup main proto 142"
        ),
        (
            RoutingRule(priority: 2, mark: PacketMark(0), table: 100, protocolNumber: 142),
            "2:\tfrom all fwmark 0 lookup 100 proto 142"
        ),
        (
            RoutingRule(priority: 3, ipProtocol: 4, table: 254, protocolNumber: 142),
            "3:\tfrom all ipproto ipencap lookup main proto 142"
        ),
        (
            RoutingRule(priority: 4_000_000_000, suppressPrefixLength: 0, table: 254, protocolNumber: 3),
            "4000000000:\tfrom all lookup main suppress_prefixlength 0 proto boot"
        ),
        (
            RoutingRule(
                priority: 5, mark: PacketMark(1), ipProtocol: 17, suppressPrefixLength: 8, table: 256,
                protocolNumber: 142),
            "5:\tfrom all fwmark 0x1 ipproto udp lookup 256 suppress_prefixlength 8 proto 142"
        ),
        (
            RoutingRule(priority: 6, sense: .others, mark: PacketMark(7), table: 100, protocolNumber: 142),
            "6:\tnot from all fwmark 0x7 lookup 100 proto 142"
        ),
        (
            RoutingRule(
                priority: 7, source: IPv4Address(192, 0, 2, 1), ipProtocol: 1, table: 254, protocolNumber: 142),
            "7:\tfrom 192.0.2.1 ipproto icmp lookup main proto 142"
        ),
        (
            RoutingRule(
                priority: 8, source: IPv4Address(192, 0, 2, 1), ipProtocol: 1, destinationPorts: 1...65_534,
                target: 32766, protocolNumber: 142),
            "8:\tfrom 192.0.2.1 ipproto icmp dport 1-65534 goto 32766 proto 142"
        ),
        (
            RoutingRule(priority: 10, input: "lo", mark: PacketMark(7), ipProtocol: 4, table: 254, protocolNumber: 142),
            "10:\tfrom all fwmark 0x7 iif lo ipproto ipencap lookup main proto 142"
        ),
        (
            RoutingRule(priority: 11, mark: PacketMark(0, mask: 0xffff), table: 254, protocolNumber: 142),
            "11:\tfrom all fwmark 0/0xffff lookup main proto 142"
        ),
        (
            RoutingRule(
                priority: 12, sense: .others, mark: PacketMark(0x1994, mask: 0xffff), table: 100, protocolNumber: 142),
            "12:\tnot from all fwmark 0x1994/0xffff lookup 100 proto 142"
        ),
        (
            RoutingRule(
                priority: 13, ipProtocol: 17, destinationPorts: 53...53, users: 990...991, table: 254,
                protocolNumber: 142),
            "13:\tfrom all uidrange 990-991 ipproto udp dport 53 lookup main proto 142"
        ),
        (
            RoutingRule(priority: 9, destinationPorts: 258...4_660, target: 77, protocolNumber: 142),
            "9:\tfrom all dport 258-4660 goto 77 [unresolved] proto 142"
        ),
    ])
    func `a rule that is added is the one that ip would add`(rule: RoutingRule, shown: String) throws {
        let (before, listed, printed, after) = try inFreshNetwork {
            let netlink = try Netlink()
            let before = try netlink.rules()
            try netlink.add(rule)
            let listed = try netlink.rules().filter { !before.contains($0) }
            let printed = try shell("ip -4 rule show priority \(rule.priority)")
            try netlink.remove(rule)
            return (before, listed, printed, try netlink.rules())
        }
        let summary = RuleSummary(
            priority: rule.priority, table: rule.table, protocolNumber: rule.protocolNumber, rule: rule)
        #expect(listed == [summary])
        #expect(printed.split(separator: " ") == "\(shown)\n".split(separator: " "))
        #expect(after == before)
    }

    @Test func `the rules of a fresh network are the three of the kernel`() throws {
        let rules = try inFreshNetwork { try Netlink().rules() }
        let expected = [(0, 255), (32766, 254), (32767, 253)].map { priority, table in
            RoutingRule(priority: UInt32(priority), table: UInt32(table), protocolNumber: 2)
        }
        #expect(rules.map(\.rule) == expected)
    }

    @Test(arguments: [
        "from 10.0.0.0/8 lookup 100", "to 10.0.0.0/8 lookup 100", "not from 10.0.0.0/8 lookup 100",
        "oif lo lookup 100", "tos 0x10 lookup 100",
        "lookup 100 suppress_ifgroup 5", "lookup 100 realms 5", "blackhole", "nop",
    ])
    func `a rule that says more is listed, but not as one of ours`(text: String) throws {
        let rules = try inFreshNetwork {
            try shell("ip rule add priority 77 protocol 150 \(text)")
            return try Netlink().rules()
        }
        let table: UInt32 = text.contains("lookup 100") ? 100 : 0
        let found = rules.filter {
            $0.priority == 77 && $0.table == table && $0.protocolNumber == 150 && $0.rule == nil
        }
        #expect(found.count == 1, "\(rules)")
    }

    @Test func `a rule that is already there throws EEXIST, one that is not ENOENT`() throws {
        let rule = RoutingRule(priority: 9, mark: PacketMark(1), table: 100, protocolNumber: 142)
        let errors = try inFreshNetwork {
            let netlink = try Netlink()
            try netlink.add(rule)
            let again = thrown { () throws(Errno) in try netlink.add(rule) }
            let other = RoutingRule(priority: 10, mark: PacketMark(1), table: 100, protocolNumber: 142)
            let same = thrown { () throws(Errno) in try netlink.add(other) }
            try netlink.remove(rule)
            let gone = thrown { () throws(Errno) in try netlink.remove(rule) }
            try shell("ip rule add priority 9 from 10.0.0.0/8 fwmark 1 lookup 100 protocol 142")
            return [again, same, gone, thrown { () throws(Errno) in try netlink.add(rule) }]
        }
        #expect(errors == [.exists, nil, .noSuchFile, .exists])
    }

    @Test(arguments: [
        "lookup 100 protocol 141 fwmark 2", "lookup 100 protocol 142 ipproto udp",
        "lookup 100 protocol 142 suppress_prefixlength 0", "lookup 101 protocol 142", "from 10.0.0.0/8 lookup 100",
        "lookup 100 protocol 141",
    ])
    func `removing a rule leaves one that only looks like it`(text: String) throws {
        let (alone, before, after) = try inFreshNetwork {
            let netlink = try Netlink()
            try shell("ip rule add priority 9 \(text)")
            let before = try netlink.rules()
            let error = thrown { () throws(Errno) in
                try netlink.remove(RoutingRule(priority: 9, table: 100, protocolNumber: 142))
            }
            return (error, before, try netlink.rules())
        }
        #expect(alone == .noSuchFile)
        #expect(after == before)
    }

    @Test(arguments: [
        ("fwmark 2 protocol 142", false), ("ipproto udp protocol 142", false),
        ("table 101 protocol 142", true), ("protocol 141", true), ("from 10.0.0.0/8 protocol 141", true),
    ])
    func `a rule behind one that the kernel would take for it stays, and so does that`(text: String, isTold: Bool)
        throws
    {
        let rule = RoutingRule(priority: 9, table: 100, protocolNumber: 142)
        let (error, before, after) = try inFreshNetwork {
            let netlink = try Netlink()
            try shell("ip rule add priority 9 \(text) \(text.contains("table") ? "" : "table 100")")
            let before = try netlink.rules()
            try netlink.add(rule)
            let error = thrown { () throws(Errno) in try netlink.remove(rule) }
            return (error, before, try netlink.rules().filter { $0.rule != rule })
        }
        #expect(error == (isTold ? nil : Errno(rawValue: ENOTUNIQ)))
        #expect(after == before)
    }

    @Test func `a rule is written and read back`() throws {
        let rules = [
            RoutingRule(
                priority: 3, mark: PacketMark(1, mask: 3), destinationPorts: 53...53, users: 7...7, table: 9,
                protocolNumber: 142),
            RoutingRule(
                priority: 1, mark: PacketMark(7), ipProtocol: 4, suppressPrefixLength: 0, table: 9, protocolNumber: 142),
            RoutingRule(priority: 2, table: 254, protocolNumber: 142),
        ]
        #expect(try JSONDecoder().decode([RoutingRule].self, from: JSONEncoder().encode(rules)) == rules)
    }

    @Test func `a rule that a version before wrote is for all bits of its mark`() throws {
        let text = #"{"mark":6548,"priority":5,"protocolNumber":203,"sense":"others","table":1994000}"#
        let rule = try JSONDecoder().decode(RoutingRule.self, from: Data(text.utf8))
        let mark = PacketMark(0x1994)
        #expect(
            rule == RoutingRule(priority: 5, sense: .others, mark: mark, table: 1_994_000, protocolNumber: 203))
    }
}
