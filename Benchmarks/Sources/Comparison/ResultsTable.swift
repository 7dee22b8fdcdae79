// SPDX-License-Identifier: Apache-2.0

/// A comparison for people: the figures, what they are worth, and what went wrong.
package struct ResultsTable {
    /// Whom the others are compared with.
    package static let hero = "iptund"
    /// From this part of the processors on, others have disturbed a measurement.
    package static let disturbance = 0.1

    private let results: Results

    package init(_ results: Results) { self.results = results }

    package var text: String {
        ([heading] + FigureGroup.all.map(table) + [ratios, notes, usage, failures, missing])
            .filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var heading: String {
        let settings = results.settings
        let rounds = settings.rounds == 1 ? "1 round" : "\(settings.rounds) rounds"
        return """
            \(results.date), \(results.machine.description)
            \(rounds) of \(settings.seconds) s for each figure: median (min-max, ×max/min)

            """
    }

    private func table(_ group: FigureGroup) -> String {
        var table = TextTable(header: [""] + group.figures.map(\.title))
        for subject in results.subjects where !subject.rounds.isEmpty {
            table.add([subject.name] + group.figures.map { ResultsTable.cell(subject.summary($0), $0) })
        }
        return group.title + "\n" + table.text
    }

    /// The median, and how far the subject is from itself.
    package static func cell(_ summary: Summary?, _ figure: Figure) -> String {
        guard let summary else { return "-" }
        let median = figure.text(summary.median)
        guard summary.count > 1 else { return median }
        let range = "\(figure.text(summary.minimum))-\(figure.text(summary.maximum))"
        return summary.spread.map { "\(median) (\(range), ×\(Decimals.text($0, 2)))" } ?? "\(median) (\(range))"
    }

    private var ratios: String {
        let figures = Figure.allCases.filter(\.hasRatio)
        guard let hero = results.subject(ResultsTable.hero) else { return "" }
        var table = TextTable(header: [""] + figures.map(\.shortTitle))
        for other in results.subjects where other.name != hero.name {
            let ratios = figures.map { PairedRatio.summary($0, of: hero, to: other) }
            if ratios.allSatisfy({ $0 == nil }) { continue }
            table.add([other.name] + ratios.map { $0.map { Decimals.text($0.median, 2) } ?? "-" })
        }
        return table.isEmpty
            ? "" : "\(hero.name)'s figure over that of the other in the same round, median of all rounds\n" + table.text
    }

    private var notes: String {
        var table = TextTable(header: ["", "version", "what it is"], leftColumns: 3)
        for subject in results.subjects { table.add([subject.name, subject.version, subject.note]) }
        return table.isEmpty ? "" : table.text
    }

    /// Who else used the machine: figures of a disturbed run are to be taken with care.
    private var usage: String {
        let usages = results.subjects.flatMap { subject in
            subject.rounds.flatMap { round in
                round.usage.map { (place: "\(subject.name), round \(round.round), \($0.key)", usage: $0.value) }
            }
        }
        let others = Summary(usages.map(\.usage.othersShare)), kernel = Summary(usages.map(\.usage.kernelShare))
        let stolen = Summary(usages.map(\.usage.stolenShare))
        guard let others, let kernel, let stolen else { return "" }
        let worst = usages.max { ($0.usage.othersShare, $1.place) < ($1.usage.othersShare, $0.place) }
        var text = """
            Of all processors, other programs used \(Decimals.percent(others.median)) meanwhile (median), and at most \
            \(Decimals.percent(others.maximum)) (\(worst?.place ?? "")).
            Interrupts and kernel threads used \(Decimals.percent(kernel.median)), most of it for these packets; a \
            hypervisor gave away at most \(Decimals.percent(stolen.maximum)). CPU of the whole system holds all that.

            """
        if max(others.maximum, stolen.maximum) >= ResultsTable.disturbance {
            let count = usages.count { max($0.usage.othersShare, $0.usage.stolenShare) >= ResultsTable.disturbance }
            text += """
                This run was disturbed: in \(count) of \(usages.count) measurements others had \
                \(Decimals.percent(ResultsTable.disturbance)) or more. Trust ratios and CPU seconds before speeds.

                """
        }
        return text
    }

    private var failures: String {
        results.subjects.flatMap { subject in
            subject.rounds.flatMap { round in
                round.failures.map {
                    "failed: \(subject.name), round \(round.round), \($0.measurement): \($0.reason)\n"
                }
            }
        }.joined()
    }

    private var missing: String { results.missing.map { "not compared: \($0.name): \($0.reason)\n" }.joined() }
}
