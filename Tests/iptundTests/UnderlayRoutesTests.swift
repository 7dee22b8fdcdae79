// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

@Suite struct UnderlayRoutesTests {
    private static let peer = IPv4Address(192, 0, 2, 1)
    private static let (tunnel, eth0, eth1): (Int32, Int32, Int32) = (7, 2, 3)
    private static let flow = RuleMeaning.Flow(
        to: peer, from: IPv4Address(10, 0, 0, 1), mark: 0x1994, ipProtocol: 4, user: 0)

    private static func hop(_ link: Int32, _ last: UInt8 = 9) -> NextHop {
        NextHop(.ipv4(IPv4Address(10, 0, 0, last)), link: link)
    }

    private static func route(
        _ prefix: String, _ hops: NextHop..., metric: UInt32 = 0, by maker: UInt8 = 3
    ) -> TableRoute {
        TableRoute(to: block(prefix), .hops(hops), metric: metric, protocolNumber: maker)
    }

    private static func rule(_ priority: UInt32, _ meaning: RuleMeaning) -> RuleSummary {
        RuleSummary(priority: priority, table: 0, protocolNumber: 3, rule: nil, meaning: meaning)
    }

    private static let main = rule(32_766, RuleMeaning(lookingInto: 254))

    /// What becomes of a packet to the peer with these rules before `main`.
    private func outcome(
        _ tables: [UInt32: [TableRoute]], _ rules: RuleSummary...
    ) -> UnderlayRoutes.Outcome {
        UnderlayRoutes(rules: rules + [Self.main], tables: tables, device: Self.tunnel).outcome(Self.flow)
    }

    private static func best(_ hops: NextHop...) -> UnderlayRoutes.Outcome {
        .best(UnderlayRoutes.Best(hops: hops, source: nil, mtu: nil))
    }

    @Test func `the longest prefix wins, then the lowest metric, then who stands first`() {
        let routes = [
            Self.route("0.0.0.0/0", Self.hop(Self.eth0)), Self.route("192.0.2.0/24", Self.hop(Self.eth1, 1), metric: 7),
            Self.route("192.0.2.0/24", Self.hop(Self.eth1, 2), metric: 5),
            Self.route("192.0.2.0/24", Self.hop(Self.eth1, 3), metric: 5),
            Self.route("192.0.3.0/24", Self.hop(Self.eth0)),
        ]
        #expect(outcome([254: routes]) == Self.best(Self.hop(Self.eth1, 2)))
    }

    @Test func `what leads into the tunnel is passed over, of several next hops those that do`() {
        let rest = Self.route("0.0.0.0/0", Self.hop(Self.eth0))
        let into = [Self.route("192.0.2.0/24", Self.hop(Self.tunnel)), rest]
        #expect(outcome([254: into]) == Self.best(Self.hop(Self.eth0)))
        let both = [Self.route("192.0.2.0/24", Self.hop(Self.tunnel), Self.hop(Self.eth1)), rest]
        #expect(outcome([254: both]) == Self.best(Self.hop(Self.eth1)))
        #expect(outcome([254: [into[0]]]) == .nothing)
    }

    @Test func `pins are passed over, and what looks like one of another program is not`() {
        let rest = Self.route("0.0.0.0/0", Self.hop(Self.eth0))
        let pin = Self.route("192.0.2.1/32", Self.hop(Self.eth1), by: 203)
        #expect(outcome([254: [pin, rest]]) == Self.best(Self.hop(Self.eth0)))
        let barrier = TableRoute(to: block("192.0.2.1/32"), .nowhere, protocolNumber: 203)
        #expect(outcome([254: [barrier, rest]]) == Self.best(Self.hop(Self.eth0)))
        let foreign = Self.route("192.0.2.1/32", Self.hop(Self.eth1))
        #expect(outcome([254: [foreign, rest]]) == Self.best(Self.hop(Self.eth1)))
    }

    @Test(arguments: [TableRoute.Outcome.nowhere, .local, .elsewhere])
    func `what no route of ours can say decides, and leaves no pin`(kind: TableRoute.Outcome) {
        let routes = [TableRoute(to: block("192.0.2.0/24"), kind), Self.route("0.0.0.0/0", Self.hop(Self.eth0))]
        #expect(outcome([254: routes]) == .decided)
    }

    @Test func `throw goes on to the next rule`() {
        let routes = [TableRoute(to: block("192.0.2.0/24"), .nextRule)]
        let later = Self.rule(40_000, RuleMeaning(lookingInto: 77))
        let routes77 = [Self.route("0.0.0.0/0", Self.hop(Self.eth1))]
        let underlay = UnderlayRoutes(
            rules: [Self.main, later], tables: [254: routes, 77: routes77], device: Self.tunnel)
        #expect(underlay.outcome(Self.flow) == Self.best(Self.hop(Self.eth1)))
    }

    @Test
    func `a table that is asked before main decides, unless a host route in main would have been found before it`() {
        let tables = [
            UInt32(254): [Self.route("0.0.0.0/0", Self.hop(Self.eth0))],
            77: [Self.route("0.0.0.0/0", Self.hop(Self.eth1))],
        ]
        let other = Self.rule(9, RuleMeaning(lookingInto: 77))
        #expect(outcome(tables, other) == .decided)
        let suppressed = Self.rule(8, RuleMeaning(lookingInto: 254, suppressPrefixLength: 0))
        #expect(outcome(tables, suppressed, other) == Self.best(Self.hop(Self.eth1)))
        let whole = Self.rule(8, RuleMeaning(lookingInto: 254, suppressPrefixLength: 32))
        #expect(outcome(tables, whole, other) == .decided)
    }

    @Test func `rules are followed as the kernel follows them`() {
        let tables = [
            UInt32(254): [Self.route("0.0.0.0/0", Self.hop(Self.eth0))],
            77: [Self.route("0.0.0.0/0", Self.hop(Self.eth1))],
        ]
        var marked = RuleMeaning(lookingInto: 77)
        marked.mark = PacketMark(0x10, mask: 0x10)
        #expect(outcome(tables, Self.rule(9, marked)) == .decided)
        marked.sense = .others
        #expect(outcome(tables, Self.rule(9, marked)) == Self.best(Self.hop(Self.eth0)))
        var jump = RuleMeaning()
        jump.action = .goto(32_766)
        #expect(
            outcome(tables, Self.rule(8, jump), Self.rule(9, RuleMeaning(lookingInto: 77)))
                == Self.best(Self.hop(Self.eth0)))
        var end = RuleMeaning()
        end.action = .nowhere
        #expect(outcome(tables, Self.rule(8, end)) == .decided)
        var nothing = RuleMeaning()
        nothing.isAboutOthers = true
        nothing.action = .nowhere
        #expect(outcome(tables, Self.rule(8, nothing)) == Self.best(Self.hop(Self.eth0)))
    }

    @Test func `a pin is there when exactly it is`() {
        let pin = Route(to: block("192.0.2.1/32"), by: [Self.hop(Self.eth0)], protocolNumber: 203)
        func isThere(_ route: TableRoute) -> Bool {
            UnderlayRoutes(rules: [], tables: [254: [route]], device: Self.tunnel).has(pin)
        }
        #expect(isThere(Self.route("192.0.2.1/32", Self.hop(Self.eth0), by: 203)))
        #expect(!isThere(Self.route("192.0.2.1/32", Self.hop(Self.eth1), by: 203)))
        #expect(!isThere(Self.route("192.0.2.1/32", Self.hop(Self.eth0), by: 3)))
    }
}
