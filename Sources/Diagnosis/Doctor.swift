// SPDX-License-Identifier: Apache-2.0

/// All checks, and what they come to together.
package enum Doctor {
    /// In the order in which they are printed when nothing is wrong; where several are broken, the earlier is the cause.
    package static let checks: [any Check.Type] = []

    /// Judges everything. The worst stand first, and consequences of what is broken are warnings.
    package static func examine(_ host: HostSnapshot, _ checks: [any Check.Type] = checks) -> [Finding] {
        var findings = checks.flatMap { $0.judge(host) }
        let broken = Set(findings.filter { $0.verdict == .broken }.map(\.id))
        let causes = Dictionary(checks.map { ($0.id, $0.causes) }, uniquingKeysWith: { first, _ in first })
        for index in findings.indices where findings[index].verdict == .broken {
            guard let cause = causes[findings[index].id, default: []].first(where: broken.contains) else { continue }
            findings[index].verdict = .warning
            findings[index].evidence.append("a consequence of \(cause)")
        }
        let order: [Verdict] = [.broken, .warning, .unknown, .info, .ok]
        return order.flatMap { verdict in findings.filter { $0.verdict == verdict } }
    }
}
