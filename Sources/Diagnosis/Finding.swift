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
    /// The command that mends it, for a shell of this host, or, behind `on HOST:`, of another one. Absent where there is
    /// nothing to mend, or no command could.
    package var fix: String?
    /// The next step where no command mends it: something to look at, or to change by hand.
    package var next: String?
    /// The tunnel that it is about; `nil` for the host as a whole.
    package var tunnel: String?

    package init(
        _ id: String, _ verdict: Verdict, _ evidence: [String] = [], why: String, fix: String? = nil,
        next: String? = nil, tunnel: String? = nil
    ) {
        self.id = id
        self.verdict = verdict
        self.evidence = evidence
        self.why = why
        self.fix = fix
        self.next = next
        self.tunnel = tunnel
    }
}
