// SPDX-License-Identifier: Apache-2.0

/// One judgement, with what it rests on: an element of `doctor --json`.
package struct Finding: Codable, Equatable, Sendable {
    /// Which check this is, a stable dotted name such as `route.loop`.
    package var id: String
    package var verdict: Verdict
    /// The values that were seen, each with its name, as `net.ipv4.ip_forward = 0`.
    package var evidence: [String]
    /// Why it matters, in one sentence.
    package var why: String
    /// The one command that mends it; absent where there is nothing to mend, or nothing that one command could.
    package var fix: String?

    package init(_ id: String, _ verdict: Verdict, _ evidence: [String] = [], why: String, fix: String? = nil) {
        self.id = id
        self.verdict = verdict
        self.evidence = evidence
        self.why = why
        self.fix = fix
    }
}
