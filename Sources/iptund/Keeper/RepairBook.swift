// SPDX-License-Identifier: Apache-2.0

/// How often each thing of the tunnel was removed, and when it is made again: at once, unless it is removed again and
/// again.
struct RepairBook {
    /// How many repairs there were.
    private(set) var count: UInt64 = 0
    private var entries: [HostChange.Subject: Entry] = [:]

    private struct Entry {
        /// When it was found missing of late, milliseconds.
        var removals: [UInt64] = []
        /// How long to wait after the next repair, milliseconds; `nil` while it is made again at once.
        var delay: UInt64?
        /// Not before then, milliseconds.
        var notBefore: UInt64 = 0
        /// When it was last found missing.
        var last: UInt64 = 0
        /// Whether it is missing still, and waits for its time.
        var isWaiting = false
    }

    /// More removals than this of one thing within ``window`` are too many.
    static let most = 10
    /// Milliseconds.
    static let window: UInt64 = 10_000
    /// So long it has to be quiet until all is well again, milliseconds.
    static let quiet: UInt64 = 60_000
    /// The longest time between two repairs of one thing, milliseconds.
    static let longest: UInt64 = 30_000

    /// Whether something that is missing at `now`, milliseconds, is to be made again now. What is of a kill switch never waits:
    /// a barrier, or what is said to be urgent, such as a rule that leads to one.
    mutating func judge(_ change: HostChange, isUrgent: Bool = false, at now: UInt64) -> Bool {
        judge(change.subject, isUrgent: isUrgent || change.isKillSwitch, at: now)
    }

    /// The same for what is no change by itself.
    mutating func judge(_ subject: HostChange.Subject, isUrgent: Bool = false, at now: UInt64) -> Bool {
        var entry = entries[subject] ?? Entry()
        defer { entries[subject] = entry }
        if !entry.isWaiting {
            if entry.delay != nil, now >= entry.last + RepairBook.quiet { entry = Entry() }
            entry.removals.removeAll { $0 + RepairBook.window <= now }
            entry.removals.append(now)
            entry.last = now
            if entry.removals.count > RepairBook.most, entry.delay == nil { entry.delay = 0 }
        }
        guard isUrgent || now >= entry.notBefore else {
            entry.isWaiting = true
            return false
        }
        entry.isWaiting = false
        if let delay = entry.delay {
            entry.notBefore = now + delay
            entry.delay = delay == 0 ? 1_000 : min(delay * 2, RepairBook.longest)
        }
        return true
    }

    /// Counts a repair that was made.
    mutating func repaired() { count += 1 }

    /// What is removed again and again, at `now`; `nil` when it has been quiet for long enough.
    mutating func contested(at now: UInt64) -> HostChange.Subject? {
        entries = entries.filter { now < $0.value.last + RepairBook.quiet || $0.value.isWaiting }
        return entries.first { $0.value.delay != nil }?.key
    }

    /// When something that waits may be made again, or when it has been quiet for long enough, milliseconds.
    var next: UInt64? {
        entries.values.compactMap { entry in
            if entry.isWaiting { return entry.notBefore }
            return entry.delay == nil ? nil : entry.last + RepairBook.quiet
        }.min()
    }
}
