// SPDX-License-Identifier: Apache-2.0

/// The way of one packet through one base chain and the chains that it leads to.
struct NetfilterWalk {
    let table: Netfilter.Table
    let base: String
    var packet: Netfilter.Packet
    var doubts: [Netfilter.Doubt] = []
    var rewritings: [Netfilter.Change] = []
    private let bridges: (input: Netfilter.Device, output: Netfilter.Device)
    private var depth = 0
    private var rulesLeft = NetfilterWalk.mostRules

    /// How a chain ended.
    enum Ruling {
        case accepted(Netfilter.Place)
        case dead(Netfilter.Fate)
        /// No rule decided.
        case passed
    }

    /// The continuation after a rule.
    private enum Next {
        case rule
        case end(Ruling)
        /// The rest of the chain may not be reached: why.
        case perhaps(String)
    }

    /// The kernel allows 16 jumps; a ruleset that was not loaded by the kernel may hold more.
    static let mostJumps = 16
    static let mostRules = 200_000

    init(_ meeting: Netfilter.Meeting, _ packet: Netfilter.Packet) {
        table = meeting.table
        base = meeting.chain.name
        bridges = (packet.inputDevice, packet.outputDevice)
        self.packet = packet.seen(by: meeting)
    }

    mutating func run(_ chain: Netfilter.Chain) -> Ruling {
        /// Why the rest of the chain may not be reached.
        var reason: String?
        for rule in chain.rules {
            rulesLeft -= 1
            guard rulesLeft > 0 else {
                doubt(place(chain, rule), .undecided, "there are too many rules to follow")
                return .passed
            }
            switch apply(rule, of: chain, reason) {
            case .end(let ruling): return ruling
            case .perhaps(let why): reason = reason ?? why
            case .rule: break
            }
        }
        return .passed
    }

    private mutating func apply(_ rule: Netfilter.Rule, of chain: Netfilter.Chain, _ outer: String?) -> Next {
        let place = place(chain, rule)
        /// Why it may or may not apply, once it is reached.
        var reason: String?
        for step in rule.steps {
            switch step {
            case .match(let match):
                switch satisfies(match) {
                case .no: return .rule
                case .maybe: reason = reason ?? NetfilterWalk.describe(match)
                case .yes: break
                }
            case .unknown(let text): reason = reason ?? text
            case .changeMark(let bits): packet.unknownMarkBits |= bits
            // A rule that may not apply leaves the state as it was, which is the stricter assumption.
            case .untrack: if reason == nil, outer == nil { packet.state = .untracked }
            case .rewrite(let rewriting):
                guard let doubt = reason ?? outer else {
                    rewritings.append(.init(place: place, rewriting: rewriting))
                    return .end(.accepted(place))
                }
                self.doubt(place, .rewritten(rewriting), doubt)
                return reason == nil ? .end(.passed) : .rule
            case .choose(let fields, let operand):
                return choose(fields, operand, place, reason, outer)
            case .verdict(let verdict):
                return act(verdict, place, reason, outer)
            }
        }
        return .rule
    }

    private func satisfies(_ match: Netfilter.Match) -> Netfilter.Truth {
        guard match.fields.contains(.inputBridge) || match.fields.contains(.outputBridge) else {
            return packet.satisfies(match, in: table)
        }
        var frame = packet
        (frame.inputDevice, frame.outputDevice) = bridges
        return frame.satisfies(match, in: table)
    }

    private mutating func choose(
        _ fields: [Netfilter.Field], _ operand: Netfilter.Operand, _ place: Netfilter.Place, _ reason: String?,
        _ outer: String?
    ) -> Next {
        guard let elements = table.elements(operand) else {
            doubt(place, .undecided, "a map that was not read")
            return .rule
        }
        var reason = reason
        // The element `*` is for packets that no other one matches.
        for element in elements.filter({ $0.values != [.anything] }) + elements.filter({ $0.values == [.anything] }) {
            guard let verdict = element.verdict else { continue }
            switch packet.fits(element, fields) {
            case .no: continue
            case .yes: return act(verdict, place, reason, outer)
            case .maybe:
                let why = reason ?? fields.map(\.name).joined(separator: " . ")
                if case .perhaps(let why) = act(verdict, place, why, outer) { return .perhaps(why) }
                reason = why
            }
        }
        return .rule
    }

    /// Carries out `verdict`, or only remembers it when there is a `reason` to doubt that the rule applies, or `outer`
    /// to doubt that it is reached.
    private mutating func act(
        _ verdict: Netfilter.Verdict, _ place: Netfilter.Place, _ reason: String?, _ outer: String?
    ) -> Next {
        if let doubt = reason ?? outer {
            let next = consider(verdict, place, doubt)
            // Where only its being reached is in doubt, no later rule of the chain is reached.
            return reason == nil && verdict.isFinal ? .end(.passed) : next
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

    private mutating func consider(_ verdict: Netfilter.Verdict, _ place: Netfilter.Place, _ reason: String) -> Next {
        switch verdict {
        case .accept: doubt(place, .accepted, reason)
        case .drop, .reject: doubt(place, .dead, reason)
        case .return: return .perhaps(reason)
        case .queue: doubt(place, .undecided, reason)
        case .continue: break
        case .jump(let name), .goto(let name):
            let sure = rewritings.count
            let ruling = follow(name, place)
            for change in rewritings[sure...] { doubt(change.place, .rewritten(change.rewriting), reason) }
            rewritings.removeSubrange(sure...)
            switch ruling {
            case .accepted(let place): doubt(place, .accepted, reason)
            case .dead(let fate): doubt(fate.death ?? place, .dead, reason)
            case .passed: if case .goto = verdict { return .perhaps(reason) }
            }
        }
        return .rule
    }

    private mutating func follow(_ name: String, _ place: Netfilter.Place) -> Ruling {
        guard let chain = table.chains[name], depth < NetfilterWalk.mostJumps else {
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
        let names = match.fields.map(\.name).joined(separator: " . ")
        if case .set(let name) = match.operand { return "\(names) in set \(name)" }
        return names
    }
}

extension Netfilter.Verdict {
    /// Whether no later rule of the chain sees the packet.
    fileprivate var isFinal: Bool {
        switch self {
        case .accept, .drop, .reject, .return, .queue, .goto: true
        case .continue, .jump: false
        }
    }
}
