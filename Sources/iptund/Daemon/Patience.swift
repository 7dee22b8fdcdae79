// SPDX-License-Identifier: Apache-2.0

/// Tells what is wrong for good from what is wrong for a moment: addresses and routes are replaced one by one.
struct Patience {
    /// Since when it has been wrong, milliseconds; `nil` while it is right.
    private var since: UInt64?

    /// How long something may be wrong, milliseconds; with the time that changes are collected for, less than a second.
    private static let limit: UInt64 = 600

    /// What to do about it.
    enum Verdict: Equatable {
        case fine
        /// Look again then, milliseconds.
        case again(at: UInt64)
        case over
    }

    /// Judges what is seen at `now`, milliseconds.
    mutating func judge(isWrong: Bool, at now: UInt64) -> Verdict {
        guard isWrong else {
            since = nil
            return .fine
        }
        let start = since ?? now
        since = start
        return now >= start + Patience.limit ? .over : .again(at: start + Patience.limit)
    }
}
