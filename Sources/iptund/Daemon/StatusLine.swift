// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// When a supervisor is to hear how the tunnel is: news within a second, numbers every few seconds, and nothing when nothing
/// has changed.
struct StatusLine {
    /// Packets dropped so far, by reason.
    private(set) var drops: [Drop: UInt64] = [:]
    /// How much the last line is out of date.
    private var age = Age.current
    /// The last line.
    private var sent = ""
    /// When it was sent, milliseconds.
    private var sentAt: UInt64 = 0

    private enum Age {
        case current
        /// A number is another.
        case old
        /// A sentence is.
        case wrong

        /// How long after the last line the next may follow, milliseconds; `nil` for not at all.
        var patience: UInt64? {
            switch self {
            case .current: nil
            case .old: 5_000
            case .wrong: 1_000
            }
        }
    }

    /// How the peers are has changed.
    mutating func note() { age = .wrong }

    /// So many packets have been dropped by now.
    mutating func note(_ drops: [Drop: UInt64]) {
        guard drops != self.drops else { return }
        self.drops = drops
        if age == .current { age = .old }
    }

    /// The line that comes with READY.
    mutating func first(_ roster: Roster, at now: UInt64) -> String {
        (sent, sentAt, age) = (Reporter.status(roster, drops), now, .current)
        return sent
    }

    /// The line that is to be sent now; `nil` when it is too early, or when it says what the last one said. `now` in
    /// milliseconds.
    mutating func next(_ roster: Roster, at now: UInt64) -> String? {
        guard let dueAt, dueAt <= now else { return nil }
        let before = sent
        let line = first(roster, at: now)
        return line == before ? nil : line
    }

    /// When there may be another line, milliseconds; `nil` while nothing has changed.
    var dueAt: UInt64? { age.patience.map { sentAt + $0 } }
}
