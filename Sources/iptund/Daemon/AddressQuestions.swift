// SPDX-License-Identifier: Apache-2.0

/// Addresses of peers by name that the keeper was told of, and what it has said of them.
struct AddressQuestions {
    /// Why peers cannot be where their names lead, by place.
    private(set) var refusals: [Int: String] = [:]
    /// The number of the message about each place, and until when its answer is waited for, milliseconds.
    private var open: [Int: (number: UInt64, until: UInt64)] = [:]
    private var asked: UInt64 = 0
    private var hasNews = false

    /// A keeper that says nothing for so long is stopped, and is not waited for any longer, milliseconds.
    static let patience: UInt64 = 2_000

    /// The keeper was told of the peer at `place`, at `now`, milliseconds.
    mutating func ask(_ place: Int, at now: UInt64) {
        asked += 1
        open[place] = (asked, now + AddressQuestions.patience)
    }

    /// The keeper was told something that has no answer.
    mutating func told() { asked += 1 }

    /// The keeper could not be told.
    mutating func forget(_ place: Int) {
        (open[place], refusals[place]) = (nil, nil)
        hasNews = true
    }

    /// What the keeper says.
    mutating func hear(_ news: KeeperNews) {
        let judged = news.judged ?? 0
        open = open.filter { $0.value.number > judged }
        refusals = news.refused ?? [:]
        hasNews = true
    }

    /// There is no keeper any more, who could judge anything.
    mutating func isAlone() {
        (open, refusals) = ([:], [:])
        hasNews = true
    }

    /// Whether something has changed since it was last asked, or was waited for for too long.
    mutating func isDue(at now: UInt64) -> Bool {
        let count = open.count
        open = open.filter { now < $0.value.until }
        defer { hasNews = false }
        return hasNews || open.count != count
    }

    /// Whether the address at `place` must not be used.
    func isOpen(_ place: Int) -> Bool { open[place] != nil || refusals[place] != nil }

    /// When waiting is over, milliseconds; `nil` while nothing is waited for.
    var next: UInt64? { open.values.map(\.until).min() }
}
