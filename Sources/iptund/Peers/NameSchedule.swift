// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// When to ask which name for its address, and what came of it.
///
/// Names are asked for again and again: every minute while one has no address, every five minutes else. The last address
/// that was found stays good until there is another.
struct NameSchedule {
    /// When each name is due, milliseconds.
    private var due: [String: UInt64] = [:]

    /// How long until a name without an address is asked for again, milliseconds.
    static let retry: UInt64 = 60_000
    /// The same for one that has one.
    static let refresh: UInt64 = 300_000
    /// How long until a question that nobody took is put again.
    private static let pause: UInt64 = 1_000
    /// How long an answer is waited for; the system's resolver gives up much sooner.
    private static let patience: UInt64 = 120_000

    /// Follows these names and no others; new ones are due at once.
    mutating func follow(_ names: Set<String>, at now: UInt64) {
        due = due.filter { names.contains($0.key) }
        for name in names where due[name] == nil { due[name] = now }
    }

    /// Makes every name due.
    mutating func askAgain(at now: UInt64) {
        for name in due.keys { due[name] = now }
    }

    /// Makes one name due: where it led to, nobody answers.
    mutating func askAgain(for name: String, at now: UInt64) {
        if due[name] != nil { due[name] = now }
    }

    /// The names that are due now; `ask` says whether it was possible to ask.
    mutating func ask(at now: UInt64, _ ask: (String) -> Bool) {
        for (name, moment) in due where moment <= now {
            due[name] = now + (ask(name) ? NameSchedule.patience : NameSchedule.pause)
        }
    }

    /// An answer came; `found` says whether it was an address.
    mutating func answered(_ name: String, found: Bool, at now: UInt64) {
        guard due[name] != nil else { return }
        due[name] = now + (found ? NameSchedule.refresh : NameSchedule.retry)
    }

    /// When the next name is due, milliseconds; `nil` when none is.
    var next: UInt64? { due.values.min() }
}
