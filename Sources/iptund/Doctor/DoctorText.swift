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
        let brief: Set<Verdict> = extent == .everything ? [] : [.unknown, .ok]
        let isAmbiguous = Set(findings.compactMap(\.tunnel)).count > 1
        var lines = findings.filter { !brief.contains($0.verdict) }.flatMap { block($0, isNamed: isAmbiguous) }
        lines += summary(findings.filter { $0.verdict == .unknown && brief.contains(.unknown) }, .reasons)
        lines += summary(findings.filter { $0.verdict == .ok && brief.contains(.ok) }, .idsAlone)
        return lines.joined(separator: "\n") + "\n"
    }

    /// What is said of several findings at once.
    private enum Summary { case idsAlone, reasons }

    /// Findings of one verdict in a line, and what they rest on, each once: what one user may not see hides much.
    private func summary(_ findings: [Finding], _ kind: Summary) -> [String] {
        guard let verdict = findings.first?.verdict else { return [] }
        var ids: [String] = []
        for finding in findings where !ids.contains(finding.id) { ids.append(finding.id) }
        var lines = ["\(word(verdict)) \(ids.count) checks: \(ids.joined(separator: ", "))"]
        guard kind == .reasons else { return lines }
        var said: Set<String> = []
        for reason in findings.flatMap(\.evidence) where said.insert(reason).inserted {
            lines.append("         \(reason.printable)")
        }
        return lines
    }

    private func block(_ finding: Finding, isNamed: Bool) -> [String] {
        let tunnel = isNamed ? finding.tunnel.map { " (tunnel \($0))" } ?? "" : ""
        var lines = ["\(word(finding.verdict)) \(finding.id)\(tunnel)"]
        lines += finding.evidence.map { "         \($0.printable)" }
        if finding.verdict != .ok { lines.append("         why: \(finding.why)") }
        if let fix = finding.fix { lines.append("         fix: \(fix.printable)") }
        if let next = finding.next { lines.append("         next: \(next.printable)") }
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
