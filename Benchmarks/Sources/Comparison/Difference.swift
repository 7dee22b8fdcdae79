// SPDX-License-Identifier: Apache-2.0

/// What became of one figure of one subject between two comparisons on the same machine.
package struct Difference: Equatable, Sendable {
    /// What a difference is worth.
    package enum Verdict: Equatable, Sendable {
        /// Old and new rounds overlap: the difference may be chance.
        case insideSpread
        /// No new round is like any old one.
        case outsideSpread(isBetter: Bool)
        /// One of them has one round only, and therefore no spread.
        case unknown

        package var text: String {
            switch self {
            case .insideSpread: "inside the spread"
            case .outsideSpread(let isBetter): "OUTSIDE the spread: \(isBetter ? "better" : "worse")"
            case .unknown: "one round: cannot tell"
            }
        }
    }

    package let figure: Figure
    package let old: Summary
    package let new: Summary

    package init(figure: Figure, old: Summary, new: Summary) {
        self.figure = figure
        self.old = old
        self.new = new
    }

    /// New over old; `nil` when there was nothing before.
    package var ratio: Double? { old.median > 0 ? new.median / old.median : nil }

    package var verdict: Verdict {
        if old.count < 2 || new.count < 2 { return .unknown }
        guard new.isApart(from: old) else { return .insideSpread }
        return .outsideSpread(isBetter: (new.minimum > old.maximum) == (figure.sense == .higherIsBetter))
    }

    /// How likely `one` and `other` rounds of the very same thing do not overlap: of all ways to mix them, two only keep
    /// them apart.
    package static func chance(_ one: Int, _ other: Int) -> Double {
        (0..<one).reduce(2) { $0 * Double($1 + 1) / Double(other + $1 + 1) }
    }

    /// Every figure that both results of a subject have.
    package static func all(of old: SubjectResult, and new: SubjectResult) -> [Difference] {
        Figure.allCases.compactMap { figure in
            guard let before = old.summary(figure), let after = new.summary(figure) else { return nil }
            return Difference(figure: figure, old: before, new: after)
        }
    }
}

/// Two comparisons, side by side, for people.
package enum DifferenceTable {
    /// - Throws: why they cannot be compared: another machine makes other figures.
    package static func text(old: Results, new: Results, newName: String) throws(Complaint) -> String {
        let differences = old.machine.differences(from: new.machine)
        guard differences.isEmpty else {
            throw .usage(
                newName, why: "measured on another machine: \(differences.joined(separator: ", "))",
                whatNow: "measure both on the same machine")
        }
        var parts = [heading(old, new)]
        for subject in new.subjects {
            guard let before = old.subject(subject.name) else {
                parts.append("\(subject.name): only in the new results\n")
                continue
            }
            parts.append(table(before, subject))
        }
        for subject in old.subjects where new.subject(subject.name) == nil {
            parts.append("\(subject.name): only in the old results\n")
        }
        return parts.joined(separator: "\n")
    }

    private static func heading(_ old: Results, _ new: Results) -> String {
        var text = "old: \(old.date)\nnew: \(new.date), the same machine\n"
        let settings = [old.settings, new.settings].map {
            "\($0.seconds) s, \($0.pings) pings, paced \($0.pacedMegabits) Mbit/s"
        }
        if settings[0] != settings[1] {
            text += "Measured differently (\(settings[0]); \(settings[1])): take the ratios with care.\n"
        }
        let rounds = (old.settings.rounds, new.settings.rounds)
        if rounds.0 > 1, rounds.1 > 1 {
            let chance = Decimals.percent(Difference.chance(rounds.0, rounds.1))
            text += "With \(rounds.0) and \(rounds.1) rounds, chance alone puts \(chance) of all figures outside.\n"
        }
        if let before = old.othersShare, let after = new.othersShare {
            text +=
                "Other programs used \(Decimals.percent(before.median)) of the processors, and then "
                + "\(Decimals.percent(after.median)) (medians).\n"
        }
        if old.machine.congestionControl != new.machine.congestionControl {
            text += "TCP was \(old.machine.congestionControl), and is \(new.machine.congestionControl).\n"
        }
        return text
    }

    private static func table(_ old: SubjectResult, _ new: SubjectResult) -> String {
        let versions = old.version == new.version ? new.version : "\(old.version) -> \(new.version)"
        let differences = Difference.all(of: old, and: new)
        guard !differences.isEmpty else { return "\(new.name), \(versions): nothing that both have\n" }
        var table = TextTable(header: ["", "old", "new", "new/old", "spread old", "spread new", ""])
        for difference in differences {
            let (figure, old, new) = (difference.figure, difference.old, difference.new)
            table.add([
                "  " + figure.fullTitle, figure.text(old.median), figure.text(new.median),
                difference.ratio.map { Decimals.text($0, 3) } ?? "-", spread(old), spread(new),
                difference.verdict.text,
            ])
        }
        return "\(new.name), \(versions)\n" + table.text
    }

    private static func spread(_ summary: Summary) -> String {
        summary.spread.map { "×\(Decimals.text($0, 2))" } ?? "-"
    }
}
