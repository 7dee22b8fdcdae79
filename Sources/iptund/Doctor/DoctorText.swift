// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis

/// Findings for people: what is wrong first, what is well in one line.
struct DoctorText {
    /// Whether words have colours.
    enum Style { case plain, coloured }
    /// Whether what is well is printed one by one, too.
    enum Extent { case troubles, everything }

    let style: Style
    let extent: Extent

    /// The whole text.
    func text(_ findings: [Finding]) -> String {
        let quiet: Set<Verdict> = extent == .everything ? [] : [.ok]
        var lines = findings.filter { !quiet.contains($0.verdict) && $0.verdict != .unknown }.flatMap(block)
        lines += hidden(findings.filter { $0.verdict == .unknown })
        let well = findings.filter { quiet.contains($0.verdict) }
        if !well.isEmpty {
            lines.append("\(word(.ok)) \(well.count) checks: \(well.map(\.id).joined(separator: ", "))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What could not be seen for the same reason is said once.
    private func hidden(_ findings: [Finding]) -> [String] {
        var order: [[String]] = []
        var ids: [[String]: [Finding]] = [:]
        for finding in findings {
            if ids[finding.evidence] == nil { order.append(finding.evidence) }
            ids[finding.evidence, default: []].append(finding)
        }
        return order.flatMap { evidence in
            let alike = ids[evidence] ?? []
            if alike.count == 1 { return block(alike[0]) }
            let names = alike.map(\.id).joined(separator: ", ")
            return ["\(word(.unknown)) \(alike.count) checks: \(names)"] + evidence.map { "         \($0.printable)" }
        }
    }

    private func block(_ finding: Finding) -> [String] {
        var lines = ["\(word(finding.verdict)) \(finding.id)"]
        lines += finding.evidence.map { "         \($0.printable)" }
        if finding.verdict != .ok { lines.append("         why: \(finding.why)") }
        if let fix = finding.fix { lines.append("         fix: \(fix.printable)") }
        return lines
    }

    /// The verdict, padded to the longest.
    private func word(_ verdict: Verdict) -> String {
        let word = verdict.rawValue + String(repeating: " ", count: 8 - verdict.rawValue.count)
        guard style == .coloured, let colour = DoctorText.colours[verdict] else { return word }
        return "\u{1B}[\(colour)m\(word)\u{1B}[0m"
    }

    private static let colours: [Verdict: String] = [.broken: "1;31", .warning: "33", .unknown: "35", .ok: "32"]
}
