// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

@Suite struct NetfilterEvaluationTests {
    private let outer = Netfilter.Packet(
        from: .of("192.0.2.2"), to: .of("192.0.2.1"), protocolNumber: 4, inputDevice: "eth0", state: .new)

    /// Rules of one input chain.
    private func filter(
        _ rules: [Netfilter.Rule], policy: Netfilter.Policy = .accept, others: [Netfilter.Chain] = []
    ) -> Netfilter {
        var table = Netfilter.Table(.inet, "filter")
        table.chains["in"] = Netfilter.Chain("in", base: .init(.input, policy: policy), rules: rules)
        for chain in others { table.chains[chain.name] = chain }
        return Netfilter(tables: [table])
    }

    private func rule(_ name: String, _ steps: Netfilter.Step...) -> Netfilter.Rule { .init(name, steps) }

    private func isProtocol(_ number: UInt32) -> Netfilter.Step {
        .match(.init([.protocolNumber], .elements([.init([.numbers(number...number)])])))
    }

    private func fate(_ rules: [Netfilter.Rule], policy: Netfilter.Policy = .accept, others: [Netfilter.Chain] = [])
        -> String
    {
        let judgement = filter(rules, policy: policy, others: others).judge(outer, at: .input)
        return judgement.fate.death?.rule ?? "accepted"
    }

    @Test func `without rules the policy decides`() {
        #expect(Netfilter().judge(outer, at: .input) == Netfilter.Judgement())
        #expect(fate([]) == "accepted")
        #expect(fate([], policy: .drop) == "policy drop")
    }

    @Test func `the first rule that applies decides`() {
        let rules = [
            rule("94", isProtocol(94), .verdict(.accept)), rule("4", isProtocol(4), .verdict(.drop)),
            rule("all", .verdict(.accept)),
        ]
        #expect(fate(rules) == "4")
        #expect(fate(Array(rules.reversed())) == "accepted")
        #expect(fate(Array(rules.prefix(1)), policy: .drop) == "policy drop")
    }

    @Test func `a rule that continues or only looks decides nothing`() {
        #expect(
            fate([rule("go on", .verdict(.continue)), rule("look", isProtocol(4))], policy: .drop) == "policy drop")
    }

    @Test func `to reject is to die of it`() {
        let judgement = filter([rule("no", .verdict(.reject))]).judge(outer, at: .input)
        guard case .rejected(let place) = judgement.fate else {
            Issue.record("it is \(judgement.fate)")
            return
        }
        #expect(place.description == "table inet filter, chain in: no")
    }

    @Test func `a jump comes back, a goto ends the chain`() {
        let empty = Netfilter.Chain("sub", rules: [])
        let jump = [rule("jump", .verdict(.jump("sub"))), rule("drop", .verdict(.drop))]
        let goto = [rule("goto", .verdict(.goto("sub"))), rule("drop", .verdict(.drop))]
        #expect(fate(jump, others: [empty]) == "drop")
        #expect(fate(goto, others: [empty]) == "accepted")
        #expect(fate(goto, policy: .drop, others: [empty]) == "policy drop")
    }

    @Test func `the other chain may decide, and the place says by which chain it was reached`() {
        let sub = Netfilter.Chain(
            "sub", rules: [rule("back", isProtocol(6), .verdict(.return)), rule("here", .verdict(.drop))])
        for verdict in [Netfilter.Verdict.jump("sub"), .goto("sub")] {
            let judgement = filter([rule("on", .verdict(verdict))], others: [sub]).judge(outer, at: .input)
            #expect(judgement.fate.death?.chain == "sub")
            #expect(judgement.fate.death?.base == "in")
            #expect(judgement.fate.death?.rule == "here")
        }
    }

    @Test func `return ends the chain that it stands in`() {
        let sub = Netfilter.Chain("sub", rules: [rule("back", .verdict(.return)), rule("never", .verdict(.drop))])
        #expect(fate([rule("jump", .verdict(.jump("sub"))), rule("after", .verdict(.drop))], others: [sub]) == "after")
        #expect(
            fate([rule("back", .verdict(.return)), rule("never", .verdict(.accept))], policy: .drop) == "policy drop")
    }

    @Test func `chains that lead to each other for ever end in a doubt`() {
        let (one, two) = (
            Netfilter.Chain("one", rules: [rule("to two", .verdict(.jump("two")))]),
            Netfilter.Chain("two", rules: [rule("to one", .verdict(.jump("one")))])
        )
        let judgement = filter([rule("start", .verdict(.jump("one")))], others: [one, two]).judge(outer, at: .input)
        #expect(judgement.fate == .accepted)
        #expect(judgement.mayDie && judgement.mayLive)
    }

    @Test func `a verdict is looked up in a map`() {
        func choice(_ number: UInt32) -> Netfilter.Step {
            .choose(
                [.protocolNumber],
                .elements([
                    .init([.numbers(6...6)], verdict: .accept), .init([.numbers(number...number)], verdict: .drop),
                ]))
        }
        #expect(fate([rule("map", choice(4))]) == "map")
        #expect(fate([rule("map", choice(17))]) == "accepted")
        #expect(fate([rule("map", .choose([.protocolNumber], .set("absent")))]) == "accepted")
    }

    @Test func `what is not understood is passed over and remembered`() {
        let doubtful = [
            rule("maybe", .unknown("limit"), .verdict(.accept)), rule("drop", isProtocol(4), .verdict(.drop)),
        ]
        let judgement = filter(doubtful).judge(outer, at: .input)
        #expect(judgement.fate.death?.rule == "drop")
        #expect(judgement.mayLive && !judgement.mayDie)
        #expect(judgement.doubts.map(\.reason) == ["limit"])

        let deadly = [rule("maybe", .match(.init([.other("ip ttl")], .elements([]))), .verdict(.drop))]
        // No value is in an empty set, whatever the field is.
        #expect(!filter(deadly).judge(outer, at: .input).mayDie)
        let ttl = Netfilter.Match([.other("ip ttl")], .elements([.init([.numbers(1...1)])]))
        let low = filter([rule("maybe", .match(ttl), .verdict(.reject))]).judge(outer, at: .input)
        #expect(low.fate == .accepted)
        #expect(low.mayDie && !low.mayLive)
        #expect(low.doubts.map(\.reason) == ["ip ttl"])
    }

    @Test func `a doubt about a jump is a doubt about what the chain does`() {
        let sub = Netfilter.Chain("sub", rules: [rule("die", .verdict(.drop))])
        let empty = Netfilter.Chain("sub")
        let rules = [rule("jump", .unknown("?"), .verdict(.jump("sub")))]
        #expect(filter(rules, others: [sub]).judge(outer, at: .input).mayDie)
        #expect(filter(rules, others: [empty]).judge(outer, at: .input) == Netfilter.Judgement())
        let goto = [rule("goto", .unknown("?"), .verdict(.goto("sub")))]
        // With or without it, no rule decides.
        #expect(!filter(goto, policy: .drop, others: [empty]).judge(outer, at: .input).mayLive)
    }

    @Test func `chains of a hook come by priority, and each may drop`() {
        var netfilter = filter([rule("first", .verdict(.accept))])
        var late = Netfilter.Table(.ip, "late")
        late.chains["in"] = Netfilter.Chain(
            "in", base: .init(.input, priority: 10), rules: [rule("last", .verdict(.drop))])
        late.chains["out"] = Netfilter.Chain("out", base: .init(.output, policy: .drop))
        netfilter.tables.insert(late, at: 0)
        let judgement = netfilter.judge(outer, at: .input)
        #expect(judgement.fate.death?.rule == "last")
        #expect(judgement.acceptances.map(\.rule) == ["first"])
        #expect(netfilter.judge(outer, at: .forward).fate == .accepted)
    }

    @Test func `ingress and egress belong to devices`() {
        var table = Netfilter.Table(.netdev, "edge")
        for hook in [Netfilter.Hook.ingress, .egress] {
            var base = Netfilter.Base(hook, policy: .drop)
            base.devices = ["eth0", "eth1"]
            table.chains[hook.rawValue] = Netfilter.Chain(hook.rawValue, base: base)
        }
        let netfilter = Netfilter(tables: [table])
        #expect(netfilter.judge(outer, at: .ingress).fate.death?.rule == "policy drop")
        #expect(netfilter.judge(outer, at: .egress).fate == .accepted)
        var elsewhere = outer
        elsewhere.inputDevice = "eth2"
        #expect(netfilter.judge(elsewhere, at: .ingress).fate == .accepted)
    }

    @Test func `rewriting is for the first packet, and ends the chain`() {
        var table = Netfilter.Table(.ip, "nat")
        table.chains["post"] = Netfilter.Chain(
            "post", base: .init(.postrouting, priority: 100, kind: .nat),
            rules: [
                rule("maybe", .unknown("?"), .rewrite(.source(nil))), rule("yes", isProtocol(4), .rewrite(.masquerade)),
                rule("never", .verdict(.drop)),
            ])
        let netfilter = Netfilter(tables: [table])
        let judgement = netfilter.judge(outer, at: .postrouting)
        #expect(judgement.fate == .accepted)
        #expect(judgement.rewritings.map(\.place.rule) == ["yes"])
        #expect(judgement.doubts.map(\.consequence) == [.rewritten(.source(nil))])
        var later = outer
        later.state = .established
        #expect(netfilter.judge(later, at: .postrouting) == Netfilter.Judgement())
    }

    @Test func `a mark that a rule changes is not known any more`() {
        var marked = outer
        marked.mark = 1
        let isOne = Netfilter.Step.match(.init([.mark], .elements([.init([.numbers(1...1)])])))
        let sure = filter([rule("one", isOne, .verdict(.drop))])
        let unsure = filter([rule("set", .changeMark(bits: .max)), rule("one", isOne, .verdict(.drop))])
        #expect(sure.judge(marked, at: .input).fate.death?.rule == "one")
        #expect(unsure.judge(marked, at: .input).fate == .accepted)
        #expect(unsure.judge(marked, at: .input).mayDie)
    }
}
