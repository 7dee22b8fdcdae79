// SPDX-License-Identifier: Apache-2.0

/// Whether a peer is there: by what comes from it, and by questions when nothing does.
///
/// It knows no clock and no socket: whoever has them says what happened when, and sends what is asked for.
public struct Liveness: Equatable, Sendable {
    /// What is known of a peer.
    public enum State: Equatable, Sendable {
        /// Nothing came yet, and not enough questions stayed without a reply.
        case unknown
        /// Something came since the last question, and few replies were missing of late.
        case up
        /// The last question had no reply, or too many of the last ones had none.
        case degraded
        /// As many questions in a row as were agreed had no reply.
        case down
    }

    /// When a silent peer is asked, and when it counts as gone.
    public struct Rhythm: Equatable, Sendable {
        /// How long it may be silent, and between two questions, milliseconds.
        public let interval: UInt64
        /// How many questions in a row may stay without a reply.
        public let misses: Int

        /// Asks after so many milliseconds, and gives up after so many questions.
        public init(interval: UInt64, misses: Int) {
            self.interval = interval
            self.misses = misses
        }
    }

    private let rhythm: Rhythm
    /// When to ask next, milliseconds.
    public private(set) var dueAt: UInt64
    /// What is known of the peer now.
    public private(set) var state = State.unknown
    /// The number of the last question.
    private var sequence: UInt16 = 0
    /// Whether its reply is still waited for.
    private var isAwaiting = false
    private var hasHeard = false
    /// Whether something else came since the last question: then a missing reply is a loss, and no silence.
    private var hasHeardSince = false
    /// When the last question was asked, milliseconds.
    private var askedAt: UInt64 = 0
    /// Questions without a reply, in a row.
    private var missed = 0
    /// What became of the last questions, one bit each, the newest lowest: 1 for no reply.
    private var losses: UInt16 = 0
    private var asked = 0
    /// From question to reply, smoothed as TCP does it (RFC 6298 §2), microseconds.
    public private(set) var roundTrip: UInt64?

    /// A peer of which nothing is known, to be asked first at `start`, milliseconds.
    public init(_ rhythm: Rhythm, from start: UInt64) {
        self.rhythm = rhythm
        dueAt = start
    }

    /// How many of the last questions are remembered.
    public static let window = 16
    /// So many replies may be missing of the last ones, in percent, in a tunnel that is well.
    private static let tolerance = 20

    /// How many of the last questions had no reply, percent; `nil` before the first is judged.
    public var lossPercent: Int? {
        let judged = min(asked - (isAwaiting ? 1 : 0), Liveness.window)
        return judged > 0 ? losses.nonzeroBitCount * 100 / judged : nil
    }

    /// Something came from the peer at `now`, milliseconds: nobody has to ask for as long as it may be silent.
    public mutating func heard(at now: UInt64) {
        // Who is back is not judged by the time that he was gone, nor who has talked for long by what he once missed.
        if state == .down || now > askedAt + 2 * rhythm.interval { (losses, asked) = (0, isAwaiting ? 1 : 0) }
        hasHeard = true
        hasHeardSince = true
        missed = 0
        dueAt = now + rhythm.interval
        judge()
    }

    /// Time went on. Returns the number of the question that is to be asked now, if one is.
    public mutating func look(at now: UInt64) -> UInt16? {
        guard now >= dueAt else { return nil }
        if isAwaiting { note(loss: 1) }
        hasHeardSince = false
        sequence &+= 1
        askedAt = now
        isAwaiting = true
        asked += 1
        dueAt = now + rhythm.interval
        judge()
        return sequence
    }

    /// A reply to question `number` came at `now`, milliseconds, `microseconds` after it was asked. Returns whether it was
    /// waited for: others, and the same one again, prove nothing.
    public mutating func answered(_ number: UInt16, after microseconds: UInt64, at now: UInt64) -> Bool {
        guard isAwaiting, number == sequence else { return false }
        isAwaiting = false
        note(loss: 0)
        roundTrip = roundTrip.map { ($0 * 7 + microseconds) / 8 } ?? microseconds
        heard(at: now)
        return true
    }

    private mutating func note(loss: UInt16) {
        losses = losses << 1 | loss
        missed = loss == 0 || hasHeardSince ? 0 : missed + 1
    }

    private mutating func judge() {
        if missed >= rhythm.misses {
            state = .down
        } else if missed > 0 || (asked > 4 && (lossPercent ?? 0) > Liveness.tolerance) {
            // A peer that never said anything is not known to be there.
            state = hasHeard ? .degraded : .unknown
        } else if hasHeard {
            state = .up
        }
    }
}
