// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Why a command cannot do what it was asked to, for a person: what, why, and what now. One line.
struct Complaint: Error, Equatable, CustomStringConvertible {
    /// What did not work.
    let what: String
    /// The reason.
    let why: String
    /// What to do about it.
    let whatNow: String
    /// How the process ends: 1 for a failure, 2 for wrong usage.
    let exitCode: Int32

    /// A failure, unless the exit code says otherwise.
    init(_ what: String, why: String, whatNow: String, exitCode: Int32 = 1) {
        self.what = what
        self.why = why
        self.whatNow = whatNow
        self.exitCode = exitCode
    }

    /// A failed system call.
    init(_ what: String, _ error: Errno, whatNow: String) {
        self.init(what, why: "\(error)", whatNow: whatNow)
    }

    /// Wrong usage: exit code 2.
    static func usage(_ what: String, why: String, whatNow: String) -> Complaint {
        Complaint(what, why: why, whatNow: whatNow, exitCode: 2)
    }

    var description: String { "\(what): \(why); \(whatNow)" }
}
