// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

@Suite struct PolicyRoutingTests {
    /// Packets as rules tell them apart.
    struct Packet {
        var destination: IPv4Address
        var mark: UInt32 = 0
        var ipProtocol: UInt8 = 17
    }

    /// A table as the kernel looks into it: the longest prefix that holds the address.
    private static func longest(_ table: [Prefix], for address: IPv4Address) -> Prefix? {
        table.filter { $0.contains(address) }.max { $0.length < $1.length }
    }

    /// Walks through the rules as the kernel does (`fib_rules_lookup`, `fib4_rule_suppress`): the first one that fits and
    /// whose table has a route that it does not suppress decides. Behind them stands the rule that asks `main`.
    private static func walk(
        _ packet: Packet, _ rules: [RoutingRule], _ tables: [UInt32: [Prefix]]
    ) -> (table: UInt32, prefix: Prefix)? {
        let last = RoutingRule(priority: 32_766, table: Route.mainTable, protocolNumber: 2)
        var next: UInt32 = 0
        for rule in (rules + [last]).sorted(by: { $0.priority < $1.priority }) where rule.priority >= next {
            let fits =
                rule.mark?.fits(packet.mark) != false && rule.users == nil
                && (rule.ipProtocol == nil || rule.ipProtocol == packet.ipProtocol)
            guard fits == (rule.sense == .these) else { continue }
            if let target = rule.target {
                next = target
                continue
            }
            guard let found = longest(tables[rule.table] ?? [], for: packet.destination) else { continue }
            if let suppress = rule.suppressPrefixLength, found.length <= Int(suppress) { continue }
            return (rule.table, found)
        }
        return nil
    }

    @Test func `of both tables together the longest prefix wins, as in a single table`() throws {
        var random = SplitMix64()
        let routing = PolicyRouting(place: 3)
        for _ in 1...3_000 {
            // Eight bits of addresses are enough for every relation between prefixes of nine lengths.
            let space = 0..<UInt32(256)
            func prefixes(_ count: Int) -> [Prefix] {
                (0..<count).compactMap { _ in
                    let address = IPv4Address(rawValue: UInt32.random(in: space, using: &random) << 24)
                    return Prefix(address, length: Int.random(in: 0...8, using: &random))
                }
            }
            let own = Array(Set(prefixes(Int.random(in: 1...6, using: &random))))
            // What both have is ours: that is what the tunnel was asked to take.
            let main = prefixes(Int.random(in: 0...6, using: &random))
            let rules = routing.rules(PolicyRouting.Order(lengths: Set(own.map(\.length))))
            let tables = [Route.mainTable: main, routing.table: own]
            for value in space {
                let packet = Packet(destination: IPv4Address(rawValue: value << 24))
                let found = Self.walk(packet, rules, tables)
                let (ours, theirs) = (
                    Self.longest(own, for: packet.destination), Self.longest(main, for: packet.destination)
                )
                let isOurs = ours.map { $0.length >= theirs?.length ?? -1 } ?? false
                let expected = isOurs ? ours : theirs
                guard found?.prefix == expected, (found?.table == routing.table) == isOurs else {
                    Issue.record(
                        "\(random.note): \(packet.destination) in \(own) and \(main) took \(String(describing: found))")
                    return
                }
            }
        }
    }

    @Test func `of several tunnels the longest prefix wins, in whatever order they were started`() {
        let (full, part) = (["0.0.0.0/0", "10.0.0.0/8"].map(block), ["10.8.0.0/16", "192.0.2.0/24"].map(block))
        let marks = PacketMark.automatic
        for (first, second) in [(0, 1), (1, 0), (19, 3)] as [(UInt32, UInt32)] {
            let (one, other) = (PolicyRouting(place: first), PolicyRouting(place: second))
            let rules =
                one.rules(PolicyRouting.Order(lengths: Set(full.map(\.length)), mark: marks[0]))
                + other.rules(PolicyRouting.Order(lengths: Set(part.map(\.length)), mark: marks[1]))
            let tables = [one.table: full, other.table: part, Route.mainTable: [block("198.51.100.0/24")]]
            func table(_ address: IPv4Address, mark: UInt32 = 0, ipProtocol: UInt8 = 17) -> UInt32? {
                Self.walk(Packet(destination: address, mark: mark, ipProtocol: ipProtocol), rules, tables)?.table
            }
            #expect(table(IPv4Address(10, 8, 1, 1)) == other.table)
            #expect(table(IPv4Address(10, 9, 1, 1)) == one.table)
            #expect(table(IPv4Address(203, 0, 113, 1)) == one.table)
            #expect(table(IPv4Address(198, 51, 100, 1)) == Route.mainTable)
            // Outer packets of each take the other's routes, and not their own.
            #expect(table(IPv4Address(203, 0, 113, 1), mark: marks[1].value, ipProtocol: 4) == one.table)
            #expect(table(IPv4Address(10, 8, 1, 1), mark: marks[0].value, ipProtocol: 4) == other.table)
            #expect(table(IPv4Address(203, 0, 113, 1), mark: marks[0].value, ipProtocol: 4) == nil)
        }
    }

    @Test func `questions for names leave beside the tunnel where somebody says whose`() throws {
        let order = PolicyRouting.Order(lengths: [0], questioner: 990)
        let rules = PolicyRouting(place: 0).rules(order).filter { $0.users != nil }
        #expect(
            rules.map { HostChange.rule($0).command.text } == [
                "ip rule add priority 29002 ipproto 17 dport 53 uidrange 990-990 goto 31320 protocol 203",
                "ip rule add priority 29003 ipproto 6 dport 53 uidrange 990-990 goto 31320 protocol 203",
            ])
        // Where reverse paths are filtered strictly, answers have a way back.
        let strict = PolicyRouting.Order(lengths: [0], strict: [IPv4Address(192, 0, 2, 1)], questioner: 990)
        let back = PolicyRouting(place: 0).rules(strict).filter { $0.users == 0...0 }
        #expect(
            back.map { HostChange.rule($0).command.text }.prefix(2) == [
                "ip rule add priority 29005 iif lo ipproto 17 sport 53 uidrange 0-0 goto 31320 protocol 203",
                "ip rule add priority 29006 iif lo ipproto 17 dport 53 uidrange 0-0 goto 31320 protocol 203",
            ])
        #expect(back.count == 4)
    }

    @Test func `outer packets never take our table, whether they leave or arrive`() {
        let routing = PolicyRouting(place: 0)
        for lengths in [[0], [32], [0, 8, 24, 32], Set(0...32)] as [Set<Int>] {
            let rules = routing.rules(PolicyRouting.Order(lengths: lengths))
            let tables = [routing.table: [Prefix.all], Route.mainTable: [block("10.0.0.0/8")]]
            let destination = IPv4Address(10, 1, 1, 1)
            let inner = Packet(destination: IPv4Address(192, 0, 2, 1))
            let leaving = Packet(destination: destination, mark: PacketMark.standard.value)
            let arriving = Packet(destination: destination, ipProtocol: 4)
            #expect(Self.walk(leaving, rules, tables)?.table == Route.mainTable)
            #expect(Self.walk(arriving, rules, tables)?.table == Route.mainTable)
            #expect(Self.walk(inner, rules, tables)?.table == routing.table)
            // Not even when there is no other way for them, as while the uplink is down.
            let lost = Packet(destination: inner.destination, mark: PacketMark.standard.value)
            #expect(Self.walk(lost, rules, tables) == nil)
        }
    }

    @Test(arguments: [[0], [32], [8, 24], Set(0...32)] as [Set<Int>])
    func `rules have priorities of their place, each its own, and are marked as ours`(lengths: Set<Int>) {
        for place in PolicyRouting.places {
            let routing = PolicyRouting(place: place)
            let rules = routing.rules(PolicyRouting.Order(lengths: lengths))
            #expect(rules.count == 3 + 2 * lengths.count)
            #expect(Set(rules.map(\.priority)).count == rules.count)
            #expect(rules.dropFirst().map(\.priority) == rules.dropFirst().map(\.priority).sorted())
            #expect(rules.hasOnly { routing.has($0.priority) })
            #expect(rules.hasOnly { $0.protocolNumber == HostChange.protocolNumber })
            #expect(Set(rules.filter { $0.target == nil }.map(\.table)) == [Route.mainTable, routing.table])
            // Whatever goes on goes on to a rule that is there, behind it.
            for rule in rules {
                guard let target = rule.target else { continue }
                #expect(target > rule.priority && rules.contains { $0.priority == target })
            }
        }
    }

    @Test func `without a length there is nothing to rule`() {
        #expect(PolicyRouting(place: 0).rules(PolicyRouting.Order(lengths: [])).isEmpty)
    }

    @Test func `places have tables and priorities apart from each other and from what everybody uses`() {
        let all = PolicyRouting.places.map { PolicyRouting(place: $0) }
        #expect(Set(all.map(\.table)).count == all.count)
        for priority in UInt32(28_000)...33_000 {
            let owners = all.filter { $0.has(priority) }
            #expect(owners.count <= 1, "\(priority)")
            #expect(owners.isEmpty || (29_000..<32_766).contains(priority))
        }
        #expect(all.hasOnly { $0.table > 255 })
    }

    private static func summary(priority: UInt32 = 1, table: UInt32 = 1) -> RuleSummary {
        RuleSummary(priority: priority, table: table, protocolNumber: 3, rule: nil)
    }

    @Test func `a place is free when nobody uses its table or its priorities`() throws {
        let (first, second) = (PolicyRouting(place: 0), PolicyRouting(place: 1))
        #expect(try PolicyRouting.free(besides: [Self.summary()]) { _ throws(Errno) in true } == first)
        let taken = [
            Self.summary(table: first.table), Self.summary(priority: first.exceptions.lowerBound),
            Self.summary(priority: first.priority(ofLength: 32)),
            Self.summary(priority: first.priority(ofLength: 0) + 1),
        ]
        for rule in taken {
            #expect(try PolicyRouting.free(besides: [rule]) { _ throws(Errno) in true } == second)
        }
        let filled = try PolicyRouting.free(besides: []) { table throws(Errno) in table != first.table }
        #expect(filled == second)
        let promised = try PolicyRouting.free(besides: [], taken: [first]) { _ throws(Errno) in true }
        #expect(promised == second)
        let none = try PolicyRouting.free(besides: []) { _ throws(Errno) in false }
        #expect(none == nil)
        #expect(throws: Errno.notPermitted) {
            _ = try PolicyRouting.free(besides: []) { _ throws(Errno) in throw .notPermitted }
        }
    }
}

extension PolicyRoutingTests {
    /// The same by the kernel: what `walk` says of rules and tables is what it does.
    @Test(.needsRoot) func `the kernel walks through the rules as we think it does`() throws {
        let (routing, own, main) = (
            PolicyRouting(place: 2), ["0.0.0.0/0", "10.1.0.0/16", "10.2.3.0/24"],
            ["10.0.0.0/8", "10.1.2.0/24", "10.2.0.0/16", "192.0.2.0/24", "198.51.100.1/32"]
        )
        let targets = [
            IPv4Address(10, 1, 1, 1), IPv4Address(10, 1, 2, 1), IPv4Address(10, 2, 3, 1), IPv4Address(10, 2, 4, 1),
            IPv4Address(192, 0, 2, 1), IPv4Address(198, 51, 100, 1), IPv4Address(198, 51, 100, 2),
        ]
        let marks = [UInt32(0), PacketMark.standard.value]
        let (links, tunnel) = try inFreshNetwork {
            try shell(
                "for name in out tun; do ip link add $name type veth peer name $name-end; ip link set $name up; ip link set $name-end up; done"
            )
            try shell("ip address add 10.255.0.1/24 dev out")
            let netlink = try Netlink()
            for prefix in main { try shell("ip route add \(prefix) dev out") }
            for prefix in own { try shell("ip route add \(prefix) dev tun table \(routing.table)") }
            for rule in routing.rules(PolicyRouting.Order(lengths: Set(own.map { block($0).length }))) {
                try netlink.add(rule)
            }
            let links = try marks.map { mark in
                try targets.map { target throws(Errno) -> Int32? in
                    do throws(Errno) {
                        return try netlink.lookUp(target, mark: mark).link
                    } catch .networkUnreachable {
                        return nil
                    }
                }
            }
            return (links, try HostChange.Device.named("tun", netlink).index)
        }
        let tables = [routing.table: own.map(block), Route.mainTable: main.map(block)]
        let rules = routing.rules(PolicyRouting.Order(lengths: Set(own.map { block($0).length })))
        for (mark, links) in zip(marks, links) {
            for (target, link) in zip(targets, links) {
                let expected = Self.walk(Packet(destination: target, mark: mark), rules, tables)
                #expect((expected == nil) == (link == nil), "\(target) mark \(mark)")
                #expect((expected?.table == routing.table) == (link == tunnel), "\(target) mark \(mark)")
            }
        }
        #expect(links[0].contains(tunnel))
        #expect(!links[1].contains(tunnel))
    }
}
