// SPDX-License-Identifier: Apache-2.0

extension Netfilter {
    /// One rule: conditions, and what it does when all of them hold.
    package struct Rule: Equatable, Sendable {
        /// As its tool prints it.
        package var text: String
        /// What it does, in order. What changes nothing, such as counters, is left out.
        package var steps: [Step]

        package init(_ text: String, _ steps: [Step]) {
            self.text = text
            self.steps = steps
        }
    }

    package enum Step: Equatable, Sendable {
        case match(Match)
        /// A verdict looked up by what these fields hold (`vmap`).
        case choose([Field], Operand)
        case verdict(Verdict)
        case rewrite(Rewriting)
        /// Changes these bits of the packet's mark to values that are not followed.
        case changeMark(bits: UInt32)
        /// Takes the packet out of connection tracking (`notrack`): its state is `untracked` from then on.
        case untrack
        /// A condition that is not understood, or depends on more than the packet: its text.
        case unknown(String)
    }

    package struct Match: Equatable, Sendable {
        package var fields: [Field]
        package var comparison: Comparison
        package var operand: Operand

        package init(_ fields: [Field], _ operand: Operand) { self.init(fields, .isOneOf, operand) }

        package init(_ fields: [Field], _ comparison: Comparison, _ operand: Operand) {
            self.fields = fields
            self.comparison = comparison
            self.operand = operand
        }
    }

    package enum Comparison: Sendable {
        case isOneOf
        case isNoneOf
    }

    package enum Operand: Equatable, Sendable {
        case elements([Element])
        /// A set or map of the table, by its name.
        case set(String)
    }

    /// An element of a set: one value a field, and in a verdict map what becomes of packets that match it.
    package struct Element: Equatable, Sendable {
        package var values: [Value]
        package var verdict: Verdict?

        package init(_ values: [Value], verdict: Verdict? = nil) {
            self.values = values
            self.verdict = verdict
        }
    }

    /// What connection tracking says of a packet (`ct state`).
    package enum ConnectionState: String, Sendable, CaseIterable {
        case new
        case established
        case related
        case invalid
        case untracked
    }

    package enum Verdict: Equatable, Sendable {
        case accept
        case drop
        case reject
        case `return`
        /// On with the next rule.
        case `continue`
        case jump(String)
        case goto(String)
        /// A program decides.
        case queue
    }

    /// Which address is replaced (NAT), and by what where that stands in the rule.
    package enum Rewriting: Equatable, Sendable {
        /// The source, by the address of the device that the packet leaves by.
        case masquerade
        case source(ClosedRange<UInt32>?)
        case destination
    }
}
