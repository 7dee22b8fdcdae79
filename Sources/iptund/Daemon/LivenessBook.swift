// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Tunnel

/// What is known of whether peers are there, by place.
struct LivenessBook {
    /// `nil` when nobody is asked.
    private let rhythm: Liveness.Rhythm?
    private var peers: [Int: Entry] = [:]
    /// When to look next, milliseconds.
    private(set) var next: UInt64?

    private struct Entry {
        var liveness: Liveness
        var heardAt: UInt64 = 0
        var proof: TunnelReport.Proof?
        var said = Liveness.State.unknown
    }

    /// A change that people should know of.
    struct Change: Equatable {
        let place: Int
        let old: Liveness.State
        let new: Liveness.State
    }

    /// A peer that nobody asks counts as there for so long after its last packet, milliseconds.
    private static let memory: UInt64 = 60_000
    /// How often one that is not up is looked at: traffic of it is a sign of life, too. Milliseconds.
    private static let glance: UInt64 = 1_000

    init(_ keepalive: Keepalive?) {
        rhythm = keepalive.map { Liveness.Rhythm(interval: UInt64($0.seconds) * 1_000, misses: $0.misses) }
        if rhythm != nil { next = 0 }
    }

    /// The peer at `place` is another one, or has gone; the last packet that was counted there came at `heard`.
    mutating func forget(_ place: Int, heard: UInt64, at now: UInt64) {
        guard let rhythm else { return }
        // Many may be new at once: not all in the same moment.
        let start = now + rhythm.interval * UInt64(place % 64) / 64
        peers[place] = Entry(liveness: Liveness(rhythm, from: start), heardAt: heard)
        next = now
    }

    /// When the last packet of a peer came, milliseconds; 0 for never.
    struct Hearing {
        let place: Int
        let at: UInt64
    }

    /// A question that is to be put.
    struct Question: Equatable {
        let place: Int
        let number: UInt16
    }

    /// Whether it is time to look, milliseconds.
    func isDue(at now: UInt64) -> Bool { next.map { $0 <= now } ?? false }

    /// Looks at all peers. Returns what is to be asked now.
    mutating func look(_ heard: [Hearing], at now: UInt64) -> [Question] {
        guard let rhythm else { return [] }
        var questions: [Question] = []
        var soonest = now + rhythm.interval
        for (index, hearing) in heard.enumerated() {
            // Not all in the same moment.
            let start = now + rhythm.interval * UInt64(index) / UInt64(heard.count)
            var entry = peers[hearing.place] ?? Entry(liveness: Liveness(rhythm, from: start))
            if hearing.at > entry.heardAt {
                entry.heardAt = hearing.at
                entry.liveness.heard(at: hearing.at)
            }
            if let number = entry.liveness.look(at: now) {
                questions.append(Question(place: hearing.place, number: number))
            }
            soonest = min(soonest, entry.liveness.dueAt)
            if entry.liveness.state != .up { soonest = min(soonest, now + LivenessBook.glance) }
            peers[hearing.place] = entry
        }
        next = max(soonest, now + LivenessBook.pause)
        return questions
    }

    /// How long between two looks at least, milliseconds: peers are many.
    private static let pause: UInt64 = 50

    /// A reply came.
    mutating func answered(_ answer: Prober.Answer, at now: UInt64) {
        guard peers[answer.place] != nil else { return }
        if peers[answer.place]?.liveness.answered(answer.number, after: answer.microseconds, at: now) == false {
            // Too late to be no loss, and a sign of life all the same.
            peers[answer.place]?.liveness.heard(at: now)
        }
        peers[answer.place]?.proof = answer.proof
    }

    /// What changed since the last call.
    mutating func changes() -> [Change] {
        var changes: [Change] = []
        for (place, entry) in peers where entry.liveness.state != entry.said {
            changes.append(Change(place: place, old: entry.said, new: entry.liveness.state))
            peers[place]?.said = entry.liveness.state
        }
        return changes.sorted { $0.place < $1.place }
    }

    /// What a report says of a peer.
    struct Standing: Equatable {
        var state = TunnelReport.PeerState.unknown
        var proof: TunnelReport.Proof?
        var roundTrip: UInt64?
        var lossPercent: Int?
    }

    /// How the peer at `place` is, of which the last packet came at `heard`, milliseconds; 0 for never.
    func standing(_ place: Int, heard: UInt64, at now: UInt64) -> Standing {
        let isFresh = heard > 0 && now < heard + LivenessBook.memory
        guard rhythm != nil, let entry = peers[place] else { return Standing(state: isFresh ? .up : .unknown) }
        return Standing(
            state: TunnelReport.PeerState(entry.liveness.state), proof: entry.proof,
            roundTrip: entry.liveness.roundTrip, lossPercent: entry.liveness.lossPercent)
    }
}

extension TunnelReport.PeerState {
    /// The word of the report for what the rules know.
    init(_ state: Liveness.State) {
        self =
            switch state {
            case .unknown: .unknown
            case .up: .up
            case .degraded: .degraded
            case .down: .down
            }
    }
}
