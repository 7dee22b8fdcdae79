// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// What one client that captures is sent: what the data threads left in its rings, piece by piece, on the main thread.
///
/// ```
/// piece: the ring's number (4 octets), how many octets follow (4), a part of its records
/// mark:  2^32-1                      , 8                         , records that were lost so far
/// ```
/// A round takes from each ring what was there when it began, and ends with a mark: then every record so far is whole. All
/// numbers are in network byte order. A class because a client may become one.
final class TapStream {
    let order: TapOrder
    /// One for each data thread.
    let taps: [Tap]
    /// When to look for more, milliseconds of ``Clock``; `nil` while the client takes nothing.
    private(set) var dueAt: UInt64? = 0
    /// Nothing more will come of it.
    private(set) var isDone = false

    private var pending: ArraySlice<UInt8>
    /// What is left to be sent of this round; `nil` between two.
    private var round: Round?
    /// When the next round begins.
    private var nextAt: UInt64 = 0
    private var isEnding = false
    /// Whether the round that was begun last is the last one.
    private var isLast = false
    private var saidLost: UInt64 = 0

    private struct Round {
        /// How far to take from each ring.
        let ends: [UInt64]
        /// The ring whose turn it is.
        var ring = 0
        var octets = 0
    }

    /// The number of a mark.
    static let mark = UInt32.max
    /// The most that a piece holds, octets.
    static let longestPiece = 1 << 16

    private enum Pace {
        /// After a round without anything, after one with something, and after one that almost came too late; milliseconds.
        static let (idle, busy, urgent): (UInt64, UInt64, UInt64) = (100, 20, 1)
        /// What is sent in one go, octets: others wait meanwhile.
        static let turn = 1 << 19
    }

    /// A stream with rings for `threads` data threads, which begins with `greeting`.
    init(_ order: TapOrder, threads: Int, greeting: [UInt8]) {
        self.order = order
        taps = (0..<threads).map { _ in
            // A power of two that is not more than each one's share.
            let share = max(1, order.buffer / max(1, threads))
            let octets = 1 << (Int.bitWidth - 1 - share.leadingZeroBitCount)
            return Tap(order.content, snapLength: order.snapLength, ring: RecordRing(octets: octets))
        }
        pending = greeting[...]
    }

    /// Whether it waits for the client to take something.
    var isBlocked: Bool { dueAt == nil }

    /// The client wants no more: what is there is still sent.
    func finish() {
        isEnding = true
        dueAt = 0
    }

    /// Sends what there is, or a part of it. Nothing of it waits.
    func send(on socket: borrowing Descriptor, at now: UInt64) {
        if pending.isEmpty, round == nil {
            guard now >= nextAt || isEnding else { return }
            round = Round(ends: taps.map(\.ring.end))
            isLast = isEnding
        }
        var budget = Pace.turn
        do throws(Errno) {
            while budget > 0 {
                if pending.isEmpty {
                    guard round != nil else {
                        isDone = isLast
                        dueAt = nextAt
                        return
                    }
                    advance(at: now)
                    continue
                }
                let count = try socket.send(pending)
                pending = pending.dropFirst(count)
                budget -= count
                if !pending.isEmpty {
                    dueAt = nil
                    return
                }
            }
            dueAt = now
        } catch {
            isDone = true
        }
    }

    /// Goes on to the next piece of the round, or to its mark.
    private func advance(at now: UInt64) {
        guard var current = round else { return }
        while current.ring < taps.count {
            let octets = taps[current.ring].ring.take(TapStream.longestPiece, upTo: current.ends[current.ring])
            if !octets.isEmpty {
                pending = (TapStream.words(UInt32(current.ring), UInt32(octets.count)) + octets)[...]
                current.octets += octets.count
                round = current
                return
            }
            current.ring += 1
        }
        round = nil
        let isUrgent = current.octets > taps.reduce(0) { $0 + $1.ring.capacity } / 4
        nextAt = now + (isUrgent ? Pace.urgent : current.octets > 0 ? Pace.busy : Pace.idle)
        let lost = taps.reduce(0) { $0 &+ $1.ring.lost }
        guard current.octets > 0 || lost != saidLost else { return }
        saidLost = lost
        let halves = (UInt32(truncatingIfNeeded: lost >> 32), UInt32(truncatingIfNeeded: lost))
        pending = TapStream.words(TapStream.mark, 8, halves.0, halves.1)[...]
    }

    static func words(_ words: UInt32...) -> [UInt8] {
        words.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
    }
}
