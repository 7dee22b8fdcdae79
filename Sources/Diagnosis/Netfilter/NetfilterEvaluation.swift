// SPDX-License-Identifier: Apache-2.0

extension Netfilter {
    /// What becomes of `packet` at `hook`.
    ///
    /// The first chain that drops it ends its way; one that accepts it hands it to the next. A rule with a condition that
    /// is not understood is passed over, and remembered as a doubt.
    package func judge(_ packet: Packet, at hook: Hook) -> Judgement {
        var judgement = Judgement()
        for (table, chain, base) in chains(of: hook, for: packet) {
            if base.kind == .nat, let state = packet.state, state != .new { continue }
            var walk = Walk(table: table, base: chain.name, packet: packet)
            let ruling = walk.run(chain)
            judgement.doubts += walk.doubts
            judgement.rewritings += walk.rewritings
            switch ruling {
            case .accepted(let place): judgement.acceptances.append(place)
            case .dead(let fate):
                judgement.fate = fate
                return judgement
            case .passed where base.policy == .drop:
                judgement.fate = .dropped(Place(table, base: chain.name, chain: chain.name, rule: "policy drop"))
                return judgement
            case .passed: break
            }
        }
        return judgement
    }

    /// The base chains that such a packet meets, in the kernel's order.
    private func chains(of hook: Hook, for packet: Packet) -> [(Table, Chain, Base)] {
        let device = hook == .ingress ? packet.inputDevice : packet.outputDevice
        var found: [(Table, Chain, Base)] = []
        for table in tables {
            for chain in table.chains.values {
                guard let base = chain.base, base.hook == hook else { continue }
                if hook == .ingress || hook == .egress {
                    guard let device, base.devices.contains(device) else { continue }
                }
                found.append((table, chain, base))
            }
        }
        return found.sorted { ($0.2.priority, $0.0.name, $0.1.name) < ($1.2.priority, $1.0.name, $1.1.name) }
    }
}

/// The way of one packet through one base chain and those that it leads to.
private struct Walk {
    let table: Netfilter.Table
    let base: String
    var packet: Netfilter.Packet
    var doubts: [Netfilter.Doubt] = []
    var rewritings: [Netfilter.Change] = []
    var depth = 0
    var patience = Walk.mostRules

    /// How a chain ended.
    enum Ruling {
        case accepted(Netfilter.Place)
        case dead(Netfilter.Fate)
        /// No rule decided.
        case passed
    }

    /// What comes after a step.
    enum Next {
        case step
        case rule
        case end(Ruling)
    }

    /// The kernel allows 16 jumps; and rules that somebody else reads to us need not be the kernel's.
    static let mostJumps = 16
    static let mostRules = 200_000

    init(table: Netfilter.Table, base: String, packet: Netfilter.Packet) {
        self.table = table
        self.base = base
        self.packet = packet
    }

    mutating func run(_ chain: Netfilter.Chain) -> Ruling {
        for rule in chain.rules {
            patience -= 1
            guard patience > 0 else {
                doubt(place(chain, rule), .undecided, "there are too many rules to follow")
                return .passed
            }
            if case .end(let ruling) = apply(rule, of: chain) { return ruling }
        }
        return .passed
    }

    private mutating func apply(_ rule: Netfilter.Rule, of chain: Netfilter.Chain) -> Next {
        let place = place(chain, rule)
        /// Why it may or may not apply.
        var reason: String?
        for step in rule.steps {
            switch step {
            case .match(let match):
                switch packet.satisfies(match, in: table) {
                case .no: return .rule
                case .maybe: reason = reason ?? Walk.describe(match)
                case .yes: break
                }
            case .unknown(let text): reason = reason ?? text
            case .changeMark: packet.mark = nil
            case .rewrite(let rewriting):
                guard let reason else {
                    rewritings.append(.init(place: place, rewriting: rewriting))
                    return .end(.accepted(place))
                }
                doubt(place, .rewritten(rewriting), reason)
            case .choose(let fields, let operand):
                return choose(fields, operand, place, reason)
            case .verdict(let verdict):
                return act(verdict, place, reason)
            }
        }
        return .rule
    }

    private mutating func choose(
        _ fields: [Netfilter.Field], _ operand: Netfilter.Operand, _ place: Netfilter.Place, _ reason: String?
    ) -> Next {
        guard let elements = table.elements(operand) else {
            doubt(place, .undecided, "a map that was not read")
            return .rule
        }
        for element in elements {
            guard let verdict = element.verdict else { continue }
            switch packet.fits(element, fields) {
            case .no: continue
            case .yes: return act(verdict, place, reason)
            case .maybe: _ = act(verdict, place, reason ?? "an element of its map")
            }
        }
        return .rule
    }

    /// Does what `verdict` says, or only remembers it when there is a `reason` to doubt that the rule applies.
    private mutating func act(_ verdict: Netfilter.Verdict, _ place: Netfilter.Place, _ reason: String?) -> Next {
        if let reason {
            consider(verdict, place, reason)
            return .rule
        }
        switch verdict {
        case .accept: return .end(.accepted(place))
        case .drop: return .end(.dead(.dropped(place)))
        case .reject: return .end(.dead(.rejected(place)))
        case .return: return .end(.passed)
        case .continue: return .rule
        case .queue:
            doubt(place, .undecided, "a program decides")
            return .end(.accepted(place))
        case .jump(let name):
            let ruling = follow(name, place)
            if case .passed = ruling { return .rule }
            return .end(ruling)
        case .goto(let name): return .end(follow(name, place))
        }
    }

    private mutating func consider(_ verdict: Netfilter.Verdict, _ place: Netfilter.Place, _ reason: String) {
        switch verdict {
        case .accept: doubt(place, .accepted, reason)
        case .drop, .reject: doubt(place, .dead, reason)
        case .return, .queue: doubt(place, .undecided, reason)
        case .continue: break
        case .jump(let name), .goto(let name):
            let sure = rewritings.count
            let ruling = follow(name, place)
            for change in rewritings[sure...] { doubt(change.place, .rewritten(change.rewriting), reason) }
            rewritings.removeSubrange(sure...)
            switch ruling {
            case .accepted(let place): doubt(place, .accepted, reason)
            case .dead(let fate): doubt(fate.death ?? place, .dead, reason)
            case .passed:
                if case .goto = verdict { doubt(place, .undecided, reason) }
            }
        }
    }

    private mutating func follow(_ name: String, _ place: Netfilter.Place) -> Ruling {
        guard let chain = table.chains[name], depth < Walk.mostJumps else {
            doubt(place, .undecided, "chain \(name) was not read")
            return .passed
        }
        depth += 1
        defer { depth -= 1 }
        return run(chain)
    }

    private mutating func doubt(_ place: Netfilter.Place, _ consequence: Netfilter.Consequence, _ reason: String) {
        // One example of a kind is enough: a reader follows the first.
        guard !doubts.contains(where: { $0.place == place && $0.consequence == consequence }), doubts.count < 100 else {
            return
        }
        doubts.append(.init(place: place, consequence: consequence, reason: reason))
    }

    private func place(_ chain: Netfilter.Chain, _ rule: Netfilter.Rule) -> Netfilter.Place {
        Netfilter.Place(table, base: base, chain: chain.name, rule: rule.text)
    }

    private static func describe(_ match: Netfilter.Match) -> String {
        let names = match.fields.map { field in
            if case .other(let name) = field { name } else { "\(field)" }
        }
        return names.joined(separator: " . ")
    }
}
