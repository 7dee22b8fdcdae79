// SPDX-License-Identifier: Apache-2.0

/// Why a command cannot do what it was asked to, for a person: what, why, and what now. One line.
package struct Complaint: Error, Equatable, Sendable, CustomStringConvertible {
    /// What did not work.
    package let what: String
    /// The reason.
    package let why: String
    /// What to do about it.
    package let whatNow: String
    /// How the process ends: 1 for a failure, 2 for wrong usage.
    package let exitCode: Int32

    /// A failure, unless the exit code says otherwise.
    package init(_ what: String, why: String, whatNow: String, exitCode: Int32 = 1) {
        self.what = what
        self.why = why
        self.whatNow = whatNow
        self.exitCode = exitCode
    }

    /// Wrong usage: exit code 2.
    package static func usage(_ what: String, why: String, whatNow: String) -> Complaint {
        Complaint(what, why: why, whatNow: whatNow, exitCode: 2)
    }

    package var description: String { "\(what): \(why); \(whatNow)" }
}
