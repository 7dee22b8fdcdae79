// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct ReconciliationTests {
    private static func route(
        _ prefix: String = "10.9.1.0/24", gateway: String? = nil, link: Int32 = 7, source: String? = nil,
        metric: UInt32 = 0, table: UInt32 = Route.mainTable, by maker: UInt8 = 203
    ) -> Route {
        Route(
            to: block(prefix), gateway: gateway.flatMap { IPv4Address($0) }, link: link,
            source: source.flatMap { IPv4Address($0) }, protocolNumber: maker, metric: metric, table: table)
    }

    /// A host with these routes.
    private static func facts(_ routes: Route...) -> HostFacts {
        HostFacts(routes: Dictionary(grouping: routes, by: \.destination))
    }

    /// How the plan stands to a single change.
    private enum Standing: Equatable {
        case step(before: UInt32?)
        case left, needless, inTheWay
    }

    private static func standing(
        _ change: HostChange, on state: DeviceFacts = .sample(), _ facts: HostFacts = HostFacts(),
        own: Set<HostChange> = []
    ) -> Standing {
        let plan = Reconciliation(to: [change], from: own.map { Step(change: $0) }, facts.with(state))
        if !plan.obstructed.isEmpty { return .inTheWay }
        if plan.alreadyThere == [change], plan.additions.isEmpty { return .left }
        guard let step = plan.additions.first?.step else { return .needless }
        return step.change == change && plan.alreadyThere.isEmpty ? .step(before: step.before) : .inTheWay
    }

    @Test func `changes keep their order, and what is there already is a list of its own`() throws {
        let address = HostChange.address(inner("10.9.0.1/32"), on: .tunnel)
        let plan = Reconciliation(
            to: [.noIPv6(on: .tunnel), .mtu(1480, on: .tunnel), address, .up(.tunnel)], from: [],
            HostFacts().with(.sample(addresses: ["10.9.0.1/32"])))
        #expect(plan.alreadyThere == [address])
        #expect(
            plan.additions.map(\.step) == [
                Step(change: .noIPv6(on: .tunnel)), Step(change: .mtu(1480, on: .tunnel), before: 1500),
                Step(change: .up(.tunnel)),
            ])
    }

    @Test func `what the device has already is not changed`() {
        #expect(Self.standing(.mtu(1480, on: .tunnel), on: .sample(mtu: 1480)) == .needless)
        #expect(Self.standing(.mtu(1480, on: .tunnel), on: .sample(mtu: 1400)) == .step(before: 1400))
        #expect(Self.standing(.up(.tunnel), on: .sample(isUp: true)) == .needless)
        #expect(Self.standing(.up(.tunnel)) == .step(before: nil))
    }

    @Test func `an address of the device that is there is somebody else's, with another length it is none`() throws {
        let change = HostChange.address(inner("10.9.0.1/24"), on: .tunnel)
        #expect(Self.standing(change, on: .sample(addresses: ["10.9.0.1/24"])) == .left)
        #expect(Self.standing(change, on: .sample(addresses: ["10.9.0.1/32"])) == .step(before: nil))
    }

    @Test func `a proxy entry of somebody else stays theirs`() {
        let address = IPv4Address(10, 9, 0, 1)
        var facts = HostFacts()
        #expect(Self.standing(.proxy(address, on: .lan), facts) == .step(before: nil))
        facts.proxies = [ProxyNeighbour(address, link: HostChange.Device.uplink.index)]
        #expect(Self.standing(.proxy(address, on: .lan), facts) == .step(before: nil))
        facts.proxies = [ProxyNeighbour(address, link: HostChange.Device.lan.index)]
        #expect(Self.standing(.proxy(address, on: .lan), facts) == .left)
    }

    @Test(
        arguments: [
            // Nothing, or something about other packets, or in another table.
            ([], "step"), ([route("10.9.0.0/16", by: 3)], "step"), ([route(table: 99, by: 3)], "step"),
            // Equal, whatever its metric and source.
            ([route(by: 3)], "left"), ([route(metric: 7, by: 3)], "left"), ([route(source: "10.9.0.1", by: 3)], "left"),
            // Another way in the same place, or in another one.
            ([route(link: 2, by: 3)], "inTheWay"), ([route(gateway: "10.0.0.9", by: 3)], "inTheWay"),
            ([route(link: 2, metric: 7, by: 3)], "step"), ([route(link: 2, metric: 7, by: 3), route(by: 3)], "left"),
            // Our own, left by a tunnel that was killed together with its keeper.
            ([route()], "step"), ([route(source: "10.9.0.1")], "inTheWay"),
        ] as [([Route], String)])
    func `a route is left alone, in the way, or neither`(present: [Route], expected: String) {
        let facts = HostFacts(routes: Dictionary(grouping: present, by: \.destination))
        let table: [String: Standing] = ["step": .step(before: nil), "left": .left, "inTheWay": .inTheWay]
        #expect(Self.standing(.route(Self.route(), on: .tunnel), facts) == table[expected])
    }

    @Test func `a host on the link is its own gateway, whether a route says so or not`() {
        let pin = HostChange.route(Self.route("192.0.2.1/32", gateway: "192.0.2.1", link: 2), on: .uplink)
        #expect(Self.standing(pin, Self.facts(Self.route("192.0.2.1/32", link: 2, by: 3))) == .left)
        let elsewhere = Self.route("192.0.2.1/32", gateway: "192.0.2.9", link: 2, by: 3)
        // It goes before whatever else leads to the peer.
        #expect(Self.standing(pin, Self.facts(elsewhere)) == .step(before: nil))
    }

    @Test func `a barrier beside a route is in nobody's way`() {
        let barrier = Route.unreachable(block("10.9.1.0/24"), protocolNumber: 203, metric: 9)
        #expect(Self.standing(.route(barrier, on: .tunnel), Self.facts(Self.route(by: 3))) == .step(before: nil))
        #expect(Self.standing(.route(Self.route(), on: .tunnel), Self.facts(barrier)) == .step(before: nil))
        let theirs = Route.unreachable(block("10.9.1.0/24"), protocolNumber: 3, metric: 9)
        #expect(Self.standing(.route(barrier, on: .tunnel), Self.facts(theirs)) == .left)
    }

    @Test func `who is in the way is named with the command that cannot work`() {
        let expected = Complaint(
            "cannot 'ip route add 10.9.1.0/24 dev iptun0 proto 203'", why: "there is another one already",
            whatNow: "'ip route' and 'ip address' show it; remove it, or leave it out here")
        #expect(throws: expected) {
            let facts = Self.facts(Self.route(link: 2, by: 3)).with(.sample())
            _ = try Reconciliation(to: [.route(Self.route(), on: .tunnel)], from: [], facts).checked()
        }
    }
}

/// What this tunnel has made before.
extension ReconciliationTests {
    @Test func `what is our own and there is kept, with what was before`() {
        let address = HostChange.address(inner("10.9.0.1/32"), on: .tunnel)
        let proxy = HostChange.proxy(IPv4Address(10, 9, 0, 1), on: .lan)
        var facts = HostFacts(proxies: [ProxyNeighbour(IPv4Address(10, 9, 0, 1), link: 3)])
        facts.settings[3] = [.forwarding: 1]
        let own: [HostChange] = [
            address, proxy, .mtu(1480, on: .tunnel), .up(.tunnel), .setting(.forwarding, 1, on: .lan),
        ]
        let list = own.map { Step(change: $0, before: 5) }
        let state = DeviceFacts.sample(mtu: 1480, isUp: true, addresses: ["10.9.0.1/32"])
        let plan = Reconciliation(to: own, from: list, facts.with(state))
        #expect(plan.result == list)
        #expect(plan.additions.isEmpty && plan.removals.isEmpty && plan.alreadyThere.isEmpty)
    }

    @Test func `what is our own and missing is made again, and goes back to what was before the first time`() {
        let list = [
            Step(change: .mtu(1480, on: .tunnel), before: 1500), Step(change: .up(.tunnel)),
            Step(change: .setting(.forwarding, 1, on: .lan), before: 0),
        ]
        var facts = HostFacts().with(.sample(mtu: 1300))
        facts.settings[3] = [.forwarding: 0]
        let plan = Reconciliation(to: list.map(\.change), from: list, facts)
        #expect(plan.additions == list.map { Reconciliation.Addition(step: $0, isRepair: true) })
        #expect(plan.result == list)
    }

    @Test func `what somebody else put in the place of our own is left, and named`() {
        let own = HostChange.route(Self.route(), on: .tunnel)
        let facts = Self.facts(Self.route(link: 2, by: 3)).with(.sample())
        let plan = Reconciliation(to: [own], from: [Step(change: own)], facts)
        #expect(plan.obstructed == [own])
        #expect(plan.additions.isEmpty && plan.removals.isEmpty)
        #expect(plan.result == [Step(change: own)])
    }

    @Test func `what is about a device that is gone waits for the end`() {
        let list = [
            Step(change: .mtu(1480, on: .tunnel), before: 1500),
            Step(change: .setting(.forwarding, 1, on: .lan), before: 0),
            Step(change: .proxy(IPv4Address(10, 9, 0, 1), on: .lan)),
        ]
        let plan = Reconciliation(to: list.map(\.change), from: list, HostFacts(missingLinks: [3]))
        #expect(plan.additions.isEmpty && plan.removals.isEmpty && plan.obstructed.isEmpty)
        #expect(plan.result == list)
    }

    @Test func `a route of our own is not in the way of the one that takes its place`() {
        let (old, new) = (Self.route(source: "10.9.0.1"), Self.route(source: "10.9.0.2"))
        let facts = Self.facts(old)
        #expect(Self.standing(.route(new, on: .tunnel), facts) == .inTheWay)
        #expect(Self.standing(.route(new, on: .tunnel), facts, own: [.route(old, on: .tunnel)]) == .step(before: nil))
    }
}

/// Settings, which several tunnels may share.
extension ReconciliationTests {
    private static func facts(_ values: [Int32: [InterfaceSetting: UInt32]], redirects: UInt32? = 1) -> HostFacts {
        HostFacts(settings: values, commonRedirects: redirects)
    }

    @Test func `a setting goes back to what it was`() {
        let facts = Self.facts([7: [.reversePathFilter: 1], 3: [.forwarding: 0]])
        #expect(Self.standing(.setting(.reversePathFilter, 2, on: .tunnel), facts) == .step(before: 1))
        #expect(Self.standing(.setting(.forwarding, 1, on: .lan), facts) == .step(before: 0))
        #expect(Self.standing(.noCommonRedirects, facts) == .step(before: 1))
    }

    @Test func `one that is so already is left alone, on our own device not even spoken of`() {
        let facts = Self.facts([7: [.reversePathFilter: 2], 3: [.forwarding: 1]], redirects: 0)
        #expect(Self.standing(.setting(.reversePathFilter, 2, on: .tunnel), facts) == .needless)
        #expect(Self.standing(.setting(.forwarding, 1, on: .lan), facts) == .left)
        #expect(Self.standing(.noCommonRedirects, facts) == .left)
    }

    @Test func `one that another tunnel made is ours too, with what was before both`() {
        var facts = Self.facts([3: [.forwarding: 1]], redirects: 0)
        facts.shared = [
            Step(change: .setting(.forwarding, 1, on: .lan), before: 0), Step(change: .noCommonRedirects, before: 1),
        ]
        #expect(Self.standing(.setting(.forwarding, 1, on: .lan), facts) == .step(before: 0))
        #expect(Self.standing(.noCommonRedirects, facts) == .step(before: 1))
        // Somebody has switched it off since: then that is what was before us.
        facts.settings[3] = [.forwarding: 0]
        facts.shared = [Step(change: .setting(.forwarding, 1, on: .lan), before: 9)]
        #expect(Self.standing(.setting(.forwarding, 1, on: .lan), facts) == .step(before: 0))
    }
}

extension HostFacts {
    /// The same host, with this device.
    fileprivate func with(_ device: DeviceFacts) -> HostFacts {
        var facts = self
        facts.device = device
        return facts
    }
}
