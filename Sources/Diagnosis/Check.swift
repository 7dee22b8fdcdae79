// SPDX-License-Identifier: Apache-2.0

/// One pitfall, judged from what was seen of the host. It asks nobody anything.
package protocol Check: Sendable {
    /// Its stable dotted name.
    static var id: String { get }
    /// Why this matters, in one sentence.
    static var why: String { get }
    /// Checks that explain this one: when one of them is broken, this is a consequence, and no more than a warning.
    static var causes: [String] { get }
    /// What is so on this host: one finding, or one for each tunnel or peer that it differs for.
    static func judge(_ host: HostSnapshot) -> [Finding]
}

extension Check {
    package static var causes: [String] { [] }

    /// A finding of this check.
    package static func finding(
        _ verdict: Verdict, _ evidence: [String] = [], why reason: String? = nil, fix: String? = nil,
        next: String? = nil
    ) -> Finding {
        Finding(id, verdict, evidence, why: reason ?? why, fix: fix, next: next)
    }
}
