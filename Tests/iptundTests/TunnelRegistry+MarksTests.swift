// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct TunnelRegistryMarksTests {
    private static let marks = PacketMark.automatic

    private func mark(
        _ endpoint: String, _ allowed: [String], beside others: TunnelRegistry.Other..., left: TunnelState? = nil,
        asked: PacketMark? = nil, besides rules: [RuleSummary] = [], local: String? = nil, addresses: [String] = [],
        killSwitch: KillSwitch = .off
    ) throws -> PacketMark {
        var settings = TunnelSettings(peers: [.sample(endpoint, allowed: allowed)])
        (settings.mark, settings.killSwitch) = (asked, killSwitch)
        settings.local = local.flatMap { IPv4Address($0) }
        settings.addresses = addresses.compactMap { InterfaceAddress($0) }
        return try TunnelRegistry(others: others).mark(for: .init(settings: settings), left: left, besides: rules)
    }

    private func other(
        _ endpoint: String, _ allowed: [String], _ mark: PacketMark?, isUp: Bool = true, addresses: [String] = [],
        killSwitch: KillSwitch = .off
    ) -> TunnelRegistry.Other {
        var settings = TunnelSettings(peers: [.sample(endpoint, allowed: allowed)])
        settings.addresses = addresses.compactMap { InterfaceAddress($0) }
        settings.killSwitch = killSwitch
        return .sample(settings, isUp: isUp) { $0.mark = mark }
    }

    @Test func `the first tunnel has the standard mark, each other one a mark of its own`() throws {
        #expect(try mark("192.0.2.1", ["10.0.0.0/8"]) == .standard)
        let first = other("192.0.2.2", ["10.1.0.0/16"], .standard)
        #expect(try mark("192.0.2.1", ["10.0.0.0/8"], beside: first) == Self.marks[1])
        // One of a version before has the standard mark and does not say so.
        let former = other("192.0.2.3", ["10.2.0.0/16"], nil)
        let second = other("192.0.2.4", ["10.3.0.0/16"], Self.marks[1])
        #expect(try mark("192.0.2.1", ["10.0.0.0/8"], beside: former, second) == Self.marks[2])
    }

    @Test func `what was asked for is what it has, and a tunnel that died leaves its mark to the next`() throws {
        let asked = PacketMark(0x10, mask: 0xf0)
        let first = other("192.0.2.2", ["10.1.0.0/16"], .standard)
        #expect(try mark("192.0.2.1", [], beside: first, asked: asked) == asked)
        var left = TunnelState.sample()
        left.mark = Self.marks[7]
        #expect(try mark("192.0.2.1", [], beside: first, left: left) == Self.marks[7])
    }

    @Test func `a mark that somebody chose is passed over as well, with all bits of its mask`() throws {
        let foreign = other("192.0.2.2", ["10.1.0.0/16"], PacketMark(0x4, mask: 0x7))
        // 0x1994 ends in 4, and so has these bits.
        #expect(try mark("192.0.2.1", [], beside: foreign) == Self.marks[1])
    }

    @Test func `the mark of a dead tunnel counts as long as its kill switch stands`() throws {
        let dead = other("192.0.2.2", ["10.1.0.0/16"], .standard, isUp: false)
        #expect(try mark("192.0.2.1", [], beside: dead) == .standard)
        let standing = TunnelRegistry.Other.sample(TunnelSettings(), isUp: false) { state in
            state.mark = .standard
            state.steps = [Step(change: .filter(.sample))]
        }
        #expect(try mark("192.0.2.1", [], beside: standing) == Self.marks[1])
    }

    @Test func `two tunnels that lead into each other have the same mark, and leave beside both`() throws {
        // The peer of each lies behind the other one.
        let full = other("198.51.100.2", ["0.0.0.0/0"], Self.marks[4])
        #expect(try mark("192.0.2.1", ["198.51.100.0/24"], beside: full) == Self.marks[4])
        #expect(try mark("192.0.2.1", ["203.0.113.0/24"], beside: full) == .standard)
        // Nobody knows where a name is: everything may hold it.
        #expect(try mark("b.example", ["198.51.100.0/24"], beside: full) == Self.marks[4])
    }

    @Test func `a tunnel whose Local is the underlay's leaves beside one that leads to its peer, else through it`()
        throws
    {
        let full = other("198.51.100.2", ["0.0.0.0/0"], Self.marks[4], addresses: ["10.9.0.1/32"])
        #expect(try mark("192.0.2.1", ["10.8.0.0/16"], beside: full) == .standard)
        #expect(try mark("192.0.2.1", ["10.8.0.0/16"], beside: full, local: "10.9.0.1") == .standard)
        #expect(try mark("192.0.2.1", ["10.8.0.0/16"], beside: full, local: "203.0.113.5") == Self.marks[4])
    }

    @Test func `no mark opens a kill switch`() throws {
        let full = other("198.51.100.2", ["0.0.0.0/0"], Self.marks[4], killSwitch: .on)
        #expect(try mark("192.0.2.1", ["198.51.100.0/24"], beside: full) == .standard)
        #expect(try mark("192.0.2.1", ["10.8.0.0/16"], beside: full, local: "203.0.113.5") == .standard)
        #expect(throws: Complaint.self) {
            try mark("192.0.2.1", ["10.8.0.0/16"], beside: full, asked: Self.marks[4])
        }
        let part = other("198.51.100.2", ["10.8.0.0/16"], Self.marks[4])
        #expect(throws: Complaint.self) {
            try mark("192.0.2.1", ["0.0.0.0/0"], beside: part, asked: Self.marks[4], killSwitch: .on)
        }
        #expect(try mark("192.0.2.1", ["10.9.0.0/16"], beside: part, asked: Self.marks[4]) == Self.marks[4])
    }

    @Test func `a mark that a rule of another program is about is passed over`() throws {
        func rule(_ mark: PacketMark?, _ sense: RoutingRule.Sense = .these, madeBy maker: UInt8 = 3) -> RuleSummary {
            let rule = RoutingRule(priority: 9, sense: sense, mark: mark, table: 77, protocolNumber: maker)
            return RuleSummary(priority: 9, table: 77, protocolNumber: maker, rule: rule)
        }
        let whole = PacketMark(0x1994)
        #expect(try mark("192.0.2.1", [], besides: [rule(whole)]) == Self.marks[1])
        #expect(try mark("192.0.2.1", [], besides: [rule(whole, .others)]) == .standard)
        #expect(try mark("192.0.2.1", [], besides: [rule(whole, madeBy: 203)]) == .standard)
        #expect(try mark("192.0.2.1", [], besides: [rule(PacketMark(0, mask: 0x4000))]) == .standard)
        // 0x1994 and 0x1995 have the bit 0x80, 0x1a00 is the first that has it not.
        #expect(try mark("192.0.2.1", [], besides: [rule(PacketMark(0x80, mask: 0x80))]).value == 0x1a00)
        #expect(TunnelRegistry.rules(about: .standard, among: [rule(whole), rule(PacketMark(1))]).count == 1)
    }

    @Test func `when all are taken somebody has to choose`() {
        let others = Self.marks.map { other("192.0.2.2", ["10.1.0.0/16"], $0) }
        #expect(throws: Complaint.self) {
            let settings = TunnelSettings(peers: [.sample("192.0.2.1", allowed: [])])
            _ = try TunnelRegistry(others: others).mark(for: .init(settings: settings), left: nil, besides: [])
        }
    }

    @Test func `what goes through what is said, with what keeps it beside`() {
        func nestings(_ killSwitch: KillSwitch, _ mark: PacketMark) -> [String] {
            let full = other("198.51.100.2", ["0.0.0.0/0"], .standard, killSwitch: killSwitch)
            let settings = TunnelSettings(peers: [.sample("192.0.2.1", allowed: ["10.8.0.0/16"])])
            return TunnelRegistry.sample(full).nestings(.init(settings: settings), mark: mark)
        }
        #expect(nestings(.off, .standard) == [])
        let plain = nestings(.off, Self.marks[1])
        #expect(plain.count == 1 && plain[0].hasPrefix("outer packets go through tunnel b, "))
        #expect(plain[0].contains("FwMark") && plain[0].contains("Local"))
        // Nothing but a route passes a kill switch.
        #expect(!nestings(.on, Self.marks[1])[0].contains("FwMark"))
        let settings = TunnelSettings(peers: [.sample("192.0.2.1", allowed: ["0.0.0.0/0"])])
        let part = TunnelRegistry.sample(other("198.51.100.2", ["10.8.0.0/16"], .standard))
        #expect(
            part.nestings(.init(settings: settings), mark: Self.marks[1])[0].hasPrefix("outer packets of tunnel b go"))
    }

    @Test func `tunnels that share a mark are named`() {
        let registry = TunnelRegistry.sample(other("192.0.2.2", [], Self.marks[3]))
        #expect(registry.sharing(Self.marks[3]) == ["b"])
        #expect(registry.sharing(Self.marks[2]) == [])
    }
}
