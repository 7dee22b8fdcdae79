// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

/// A host that does what it is told, and so can be tried ten thousand times.
private struct PretendedHost: Equatable {
    var mtu = 1500
    var isUp = false
    var addresses: Set<InterfaceAddress> = []
    var routes: Set<Route> = []
    var rules: Set<RoutingRule> = []
    var proxies: Set<ProxyNeighbour> = []
    var forwarding: UInt32 = 0
    /// What a table contains, by its name.
    var filters: [String: String] = [:]
    var hasBarrier = false

    var facts: HostFacts {
        let device = DeviceFacts(device: .tunnel, mtu: mtu, isUp: isUp, isNew: true, addresses: Array(addresses))
        var facts = HostFacts(device: device, routes: Dictionary(grouping: routes, by: \.destination))
        facts.rules = rules.map {
            RuleSummary(priority: $0.priority, table: $0.table, protocolNumber: $0.protocolNumber, rule: $0, mark: nil)
        }
        facts.proxies = proxies
        for (table, content) in filters {
            facts.filters[EgressFilter.Identity(table: table, family: .ipv4)] = .ours(
                fingerprint: content, dropped: EgressFilter.Count())
        }
        facts.hasIPv6Barrier = hasBarrier
        facts.settings = [HostChange.Device.lan.index: [.forwarding: forwarding]]
        return facts
    }

    mutating func make(_ addition: Reconciliation.Addition) {
        if case .route(let old, _)? = addition.replaced?.change { routes.remove(old) }
        switch addition.step.change {
        case .mtu(let octets, _): mtu = octets
        case .up: isUp = true
        case .address(let address, _): addresses.insert(address)
        case .route(let route, _): routes.insert(route)
        case .rule(let rule): rules.insert(rule)
        case .proxy(let address, let device): proxies.insert(ProxyNeighbour(address, link: device.index))
        case .setting(_, let value, _): forwarding = value
        case .filter(let filter): filters[filter.table] = filter.content
        case .noIPv6Beyond: hasBarrier = true
        case .noIPv6, .noCommonRedirects: break
        }
    }

    mutating func takeBack(_ step: Step) {
        switch step.change {
        case .mtu(let octets, _): if mtu == octets { mtu = step.before.map(Int.init) ?? mtu }
        case .up: isUp = false
        case .address(let address, _): addresses.remove(address)
        case .route(let route, _): routes.remove(route)
        case .rule(let rule): rules.remove(rule)
        case .proxy(let address, let device): proxies.remove(ProxyNeighbour(address, link: device.index))
        case .setting(_, let value, _): if forwarding == value { forwarding = step.before ?? forwarding }
        case .filter(let filter): filters[filter.table] = nil
        case .noIPv6Beyond: hasBarrier = false
        case .noIPv6, .noCommonRedirects: break
        }
    }

    /// What other programs do.
    mutating func disturb(_ random: inout SplitMix64) {
        switch Int.random(in: 0...8, using: &random) {
        case 0: mtu = 1300
        case 1: isUp.toggle()
        case 2: addresses = []
        case 3: routes = routes.filter { _ in Bool.random(using: &random) }
        case 4: rules = []
        case 5: proxies = []
        case 6: (filters, hasBarrier) = ([:], false)
        case 7: filters = filters.mapValues { _ in "" }
        default: forwarding = 0
        }
    }

    /// Follows `reconciliation`, only so many additions of it. Returns the list that is in the file then.
    mutating func follow(_ reconciliation: Reconciliation, only count: Int = .max) -> [Step] {
        for addition in reconciliation.additions.prefix(count) { make(addition) }
        if count < reconciliation.additions.count { return reconciliation.everything }
        for step in reconciliation.removals.reversed() { takeBack(step) }
        return reconciliation.result
    }
}

/// What the reconciler promises, whatever it starts from.
extension ReconciliationTests {
    /// One of few changes, so that two lists have many in common.
    private static func change(_ random: inout SplitMix64) -> HostChange {
        let number = Int.random(in: 0...2, using: &random)
        let address = IPv4Address(10, 9, 0, UInt8(number))
        return switch Int.random(in: 0...9, using: &random) {
        case 0: .mtu(1400 + number, on: .tunnel)
        case 1: .setting(.forwarding, 1, on: .lan)
        case 2: .address(inner("\(address)"), on: .tunnel)
        case 3: .rule(RoutingRule(priority: 30_000 + UInt32(number), table: Route.mainTable, protocolNumber: 203))
        case 4: .proxy(address, on: .lan)
        case 5: .up(.tunnel)
        case 7: .noIPv6Beyond
        case 6: .filter(.sample(AddressRange(UInt128(number), 9)))
        default: .route(route(address, Bool.random(using: &random), UInt32(number % 2)), on: .tunnel)
        }
    }

    private static func route(_ address: IPv4Address, _ hasGateway: Bool, _ metric: UInt32, by maker: UInt8 = 203)
        -> Route
    {
        Route(
            to: Prefix(host: address), gateway: hasGateway ? address : nil, link: 7, protocolNumber: maker,
            metric: metric)
    }

    /// What a plan wants: nothing twice, and of what a host has one only one.
    private static func wanted(_ random: inout SplitMix64) -> [HostChange] {
        var subjects: Set<HostChange.Subject> = []
        return (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
            let change = change(&random)
            return subjects.insert(change.subject).inserted ? change : nil
        }
    }

    /// A host where others have something, too.
    private static func host(_ random: inout SplitMix64) -> PretendedHost {
        var host = PretendedHost()
        if Bool.random(using: &random) { host.addresses = [inner("10.9.0.1")] }
        if Bool.random(using: &random) { host.routes = [route(IPv4Address(10, 9, 0, 1), false, 0, by: 3)] }
        if Bool.random(using: &random) { host.forwarding = 1 }
        return host
    }

    /// What of `wanted` is neither so nor in somebody's way.
    private static func missing(_ wanted: [HostChange], _ host: PretendedHost) -> [HostChange] {
        wanted.filter { change in
            switch change.kind.standing(host.facts) {
            case .missing: true
            case .there, .inTheWay, .gone: false
            }
        }
    }

    @Test func `from whatever was half made or disturbed it comes to what is wanted, and a second time is nothing`() {
        var random = SplitMix64()
        for _ in 1...10_000 {
            var host = Self.host(&random)
            var list: [Step] = []
            for _ in 1...3 {
                let plan = Reconciliation(to: Self.wanted(&random), from: list, host.facts)
                list = host.follow(plan, only: Int.random(in: 0...12, using: &random))
                if Bool.random(using: &random) { host.disturb(&random) }
            }
            let wanted = Self.wanted(&random)
            list = host.follow(Reconciliation(to: wanted, from: list, host.facts))
            let second = Reconciliation(to: wanted, from: list, host.facts)
            guard Self.missing(wanted, host).isEmpty, second.additions.isEmpty, second.removals.isEmpty,
                second.result == list
            else {
                Issue.record("\(random.note): \(wanted) on \(host), the second time \(second)")
                return
            }
        }
    }

    @Test func `from whatever was half made it comes back to what was there before`() {
        var random = SplitMix64()
        for _ in 1...10_000 {
            let before = Self.host(&random)
            var (host, list): (PretendedHost, [Step]) = (before, [])
            for _ in 1...3 {
                let plan = Reconciliation(to: Self.wanted(&random), from: list, host.facts)
                list = host.follow(plan, only: Int.random(in: 0...12, using: &random))
            }
            list = host.follow(Reconciliation(to: [], from: list, host.facts))
            guard host == before, list.isEmpty else {
                Issue.record("\(random.note): \(host), before \(before)")
                return
            }
        }
    }

    @Test func `nothing that is wanted before and after is ever missing, and nothing that may be there is on no list`()
    {
        var random = SplitMix64()
        for _ in 1...10_000 {
            var host = Self.host(&random)
            let old = Self.wanted(&random)
            let list = host.follow(Reconciliation(to: old, from: [], host.facts))
            let next = Self.wanted(&random)
            let plan = Reconciliation(to: next, from: list, host.facts)
            let both = Set(old).intersection(next).subtracting(Self.missing(old, host)).filter {
                if case .there = $0.kind.standing(host.facts) { true } else { false }
            }
            let foreign = host.routes.filter { $0.protocolNumber != 203 }
            var mistakes: [HostChange] = []
            func look() {
                mistakes += both.filter { if case .there = $0.kind.standing(host.facts) { false } else { true } }
                let listed = Set(plan.everything.map(\.change))
                mistakes += host.routes.subtracting(foreign).map { .route($0, on: .tunnel) }.filter {
                    !listed.contains($0)
                }
                mistakes += host.rules.map { .rule($0) }.filter { !listed.contains($0) }
            }
            look()
            for addition in plan.additions {
                host.make(addition)
                look()
            }
            for step in plan.removals.reversed() {
                host.takeBack(step)
                look()
            }
            guard mistakes.isEmpty else {
                Issue.record("\(random.note): from \(old) to \(next): \(mistakes)")
                return
            }
        }
    }

    @Test func `what is no longer wanted is taken back in the order in which it was made, backwards`() {
        let old = (1...5).map { Step(change: .mtu($0, on: HostChange.Device(index: Int32($0), name: "a"))) }
        let kept = Reconciliation(to: [old[2].change], from: old, HostFacts())
        #expect(kept.removals == [old[0], old[1], old[3], old[4]])
    }
}
