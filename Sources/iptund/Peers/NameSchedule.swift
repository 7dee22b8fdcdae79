// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// When to ask which name for its address, and what came of it.
///
/// Names are asked for again and again: every five minutes; without an answer after a tenth of the time for which there has been
/// none, so that an uplink that comes late is soon made use of, and a name that does not exist is not asked for all the time. The
/// last address that was found stays good until there is another.
struct NameSchedule {
    private var entries: [String: Entry] = [:]

    private struct Entry {
        /// When it is due, milliseconds.
        var due: UInt64
        /// When it was last asked for; `nil` before.
        var asked: UInt64?
        /// Since when there has been no answer; `nil` while there is one, and before the first.
        var failingSince: UInt64?
        /// Whether its last answer was an address.
        var isFound = false
        /// How many questions are on their way: one may wait in vain for a server that is out of reach.
        var open = 0
    }

    /// The shortest and the longest time until a name without an answer is asked for again, milliseconds.
    static let retry: ClosedRange<UInt64> = 1_000...60_000
    /// The same for one with an answer.
    static let refresh: UInt64 = 300_000
    /// So many questions for one name may be on their way.
    private static let mostOpen = 2
    /// How long until a question that nobody took is put again.
    private static let pause: UInt64 = 1_000
    /// How long an answer is waited for; the system's resolver gives up much sooner.
    private static let patience: UInt64 = 120_000

    /// Follows these names and no others; new ones are due at once.
    mutating func follow(_ names: Set<String>, at now: UInt64) {
        entries = entries.filter { names.contains($0.key) }
        for name in names where entries[name] == nil { entries[name] = Entry(due: now) }
    }

    /// Makes every name due.
    mutating func askAgain(at now: UInt64) {
        for name in entries.keys { entries[name]?.due = now }
    }

    /// Makes one name due: where it led to, nobody answers.
    mutating func askAgain(for name: String, at now: UInt64) {
        if entries[name] != nil { entries[name]?.due = now }
    }

    /// The host has changed: what had no answer may have one now.
    mutating func hurry(at now: UInt64) {
        for (name, entry) in entries where !entry.isFound && entry.open < NameSchedule.mostOpen {
            let soonest = max(now, (entry.asked ?? 0) + NameSchedule.retry.lowerBound)
            entries[name]?.due = min(entry.due, soonest)
        }
    }

    /// The names that are due now; `ask` says whether it was possible to ask.
    mutating func ask(at now: UInt64, _ ask: (String) -> Bool) {
        for (name, entry) in entries where entry.due <= now {
            let isAsked = ask(name)
            entries[name]?.asked = now
            if isAsked { entries[name]?.open += 1 }
            entries[name]?.due = now + (isAsked ? NameSchedule.patience : NameSchedule.pause)
        }
    }

    /// An answer came; `found` says whether it was an address.
    mutating func answered(_ name: String, found: Bool, at now: UInt64) {
        guard var entry = entries[name] else { return }
        let start = entry.failingSince ?? entry.asked ?? now
        entry.failingSince = found ? nil : start
        entry.isFound = found
        entry.open = max(0, entry.open - 1)
        let (least, most) = (NameSchedule.retry.lowerBound, NameSchedule.retry.upperBound)
        entry.due = now + (found ? NameSchedule.refresh : min(max((now - min(start, now)) / 10, least), most))
        entries[name] = entry
    }

    /// When the next name is due, milliseconds; `nil` when none is.
    var next: UInt64? { entries.values.map(\.due).min() }
}
