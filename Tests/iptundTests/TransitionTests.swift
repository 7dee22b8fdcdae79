// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

@Suite struct TransitionTests {
    /// One of few changes, so that two lists have many in common.
    private static func change(_ random: inout SplitMix64) -> HostChange {
        let number = Int.random(in: 0...2, using: &random)
        let address = IPv4Address(10, 9, 0, UInt8(number))
        return switch Int.random(in: 0...6, using: &random) {
        case 0: .mtu(1400 + number, on: .tunnel)
        case 1: .setting(.forwarding, UInt32(number), on: .lan)
        case 2: .address(inner("\(address)"), on: .tunnel)
        case 3:
            .rule(RoutingRule(priority: 30_000 + UInt32(number), table: Route.mainTable, protocolNumber: 203))
        case 4: .proxy(address, on: .lan)
        default:
            .route(
                Route(
                    to: Prefix(host: address), gateway: Bool.random(using: &random) ? address : nil, link: 7,
                    protocolNumber: 203, metric: UInt32(number % 2)), on: .tunnel)
        }
    }

    /// A list as plans are: nothing twice, and of what a host has one only one.
    private static func steps(_ random: inout SplitMix64) -> [Step] {
        var subjects: Set<HostChange.Subject> = []
        return (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
            let change = change(&random)
            guard subjects.insert(change.subject).inserted else { return nil }
            return Step(change: change, before: UInt32.random(in: 0...9, using: &random))
        }
    }

    /// What is wrong with the way from `old` to `new`, where it is followed on a host that does what it is told.
    private static func mistakes(_ old: [Step], _ new: [Step]) -> [String] {
        let transition = Transition(from: old, to: new)
        let both = Set(old.map(\.change)).intersection(new.map(\.change))
        var host = Dictionary(uniqueKeysWithValues: old.map { ($0.change.subject, $0.change) })
        var mistakes: [String] = []
        func look(_ moment: String) {
            if !both.isSubset(of: host.values) { mistakes.append("\(moment): something that both have is missing") }
            let listed = Set(transition.everything.map(\.change))
            if !listed.isSuperset(of: host.values) { mistakes.append("\(moment): something is on no list") }
        }
        look("before")
        for addition in transition.additions {
            let subject = addition.step.change.subject
            if host[subject] != addition.replaced?.change {
                mistakes.append("\(addition) does not replace what is there")
            }
            host[subject] = addition.step.change
            look("while making")
        }
        for step in transition.removals.reversed() {
            if host[step.change.subject] != step.change { mistakes.append("\(step) is not there") }
            host[step.change.subject] = nil
            look("while taking back")
        }
        if Set(host.values) != Set(new.map(\.change)) { mistakes.append("something else came of it") }
        if transition.result.map(\.change) != new.map(\.change) { mistakes.append("the result is another list") }
        return mistakes
    }

    @Test func `nothing that both lists have is ever missing, and nothing that may be there is on no list`() {
        var random = SplitMix64()
        for _ in 1...20_000 {
            let (old, new) = (Self.steps(&random), Self.steps(&random))
            let mistakes = Self.mistakes(old, new)
            guard mistakes.isEmpty else {
                Issue.record("\(random.note): from \(old) to \(new): \(mistakes)")
                return
            }
        }
    }

    @Test func `what was there before the tunnel stays known, whatever the plan thinks`() {
        var random = SplitMix64()
        for _ in 1...5_000 {
            let (old, new) = (Self.steps(&random), Self.steps(&random))
            let before = Dictionary(uniqueKeysWithValues: old.map { ($0.change.subject, $0.before) })
            for (step, planned) in zip(Transition(from: old, to: new).result, new)
            where step.before != (before[step.change.subject] ?? planned.before) {
                Issue.record("\(random.note): \(step)")
                return
            }
        }
    }

    @Test func `a second time there is nothing to do`() {
        var random = SplitMix64()
        for _ in 1...5_000 {
            let (old, new) = (Self.steps(&random), Self.steps(&random))
            let first = Transition(from: old, to: new)
            for second in [Transition(from: first.result, to: new), Transition(from: first.result, to: first.result)] {
                guard second.additions.isEmpty, second.removals.isEmpty, second.result == first.result else {
                    Issue.record("\(random.note): \(second)")
                    return
                }
            }
        }
    }

    @Test func `what is no longer wanted is taken back in the order in which it was made, backwards`() {
        let old = (1...5).map { Step(change: .mtu($0, on: HostChange.Device(index: Int32($0), name: "a"))) }
        #expect(Transition(from: old, to: [old[2]]).removals == [old[0], old[1], old[3], old[4]])
    }
}
