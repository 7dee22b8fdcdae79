// SPDX-License-Identifier: Apache-2.0

extension Netfilter {
    /// What becomes of a packet at a hook, as far as its rules can be understood.
    package struct Judgement: Equatable, Sendable {
        /// What becomes of it if no rule applies that is in doubt.
        package var fate = Fate.accepted
        /// The rules that accepted it.
        package var acceptances: [Place] = []
        /// The rules that would give it another address.
        package var rewritings: [Change] = []
        /// The rules that would decide otherwise, if a condition held that is not understood.
        package var doubts: [Doubt] = []

        /// What becomes of a packet that meets no rule.
        package init() {}
    }

    package enum Fate: Equatable, Sendable {
        case accepted
        case dropped(Place)
        case rejected(Place)

        /// The rule that the packet dies of.
        package var death: Place? {
            switch self {
            case .accepted: nil
            case .dropped(let place), .rejected(let place): place
            }
        }
    }

    /// A rule, and where it stands.
    package struct Place: Equatable, Sendable {
        package var tool: Tool
        package var family: Family
        package var table: String
        /// The base chain by which the packet came to the rule.
        package var base: String
        package var chain: String
        /// The rule's text, or `policy drop`.
        package var rule: String

        package init(_ table: Table, base: String, chain: String, rule: String) {
            tool = table.tool
            family = table.family
            self.table = table.name
            self.base = base
            self.chain = chain
            self.rule = rule
        }
    }

    package struct Change: Equatable, Sendable {
        package var place: Place
        package var rewriting: Rewriting
    }

    package struct Doubt: Equatable, Sendable {
        package var place: Place
        package var consequence: Consequence
        /// What is not understood.
        package var reason: String
    }

    package enum Consequence: Equatable, Sendable {
        case accepted
        /// Dropped or rejected.
        case dead
        case rewritten(Rewriting)
        /// A chain was not read, or a program decides.
        case undecided
    }
}

extension Netfilter.Judgement {
    /// The first rule in doubt that could save the packet.
    package var rescue: Netfilter.Doubt? {
        doubts.first { $0.consequence == .accepted || $0.consequence == .undecided }
    }

    /// Whether a rule in doubt could save the packet.
    package var mayLive: Bool { rescue != nil }

    /// Whether a rule in doubt could kill it.
    package var mayDie: Bool { doubts.contains { $0.consequence == .dead || $0.consequence == .undecided } }
}

extension Netfilter.Place: CustomStringConvertible {
    /// `table inet filter, chain input: tcp dport 22 accept`.
    package var description: String {
        switch tool {
        case .nft: "table \(family.rawValue) \(table), chain \(chain): \(rule)"
        case .iptables, .legacyIptables: "iptables -t \(table), chain \(chain): \(rule)"
        }
    }
}
