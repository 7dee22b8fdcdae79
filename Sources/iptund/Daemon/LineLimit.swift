// SPDX-License-Identifier: Apache-2.0

/// Keeps the log short, whoever makes things happen: a stranger who floods, a link that flaps, an uplink of ten thousand
/// peers.
///
/// The same thing is said so many times an interval, and of one topic ten lines are written an interval, whatever they are
/// about. What is kept back is counted, and the count is said.
struct LineLimit {
    /// The lines of each topic that were written within its interval: ten at most.
    private var written: [Topic: [(key: Key, at: UInt64)]] = [:]
    /// Lines that will never be written, by topic.
    private var keptBack: [Topic: Int] = [:]
    /// When the count of those was said last, milliseconds.
    private var countSaidAt: [Topic: UInt64] = [:]
    /// When somebody who came too soon may come again, milliseconds.
    private var mayComeAgainAt: UInt64?

    /// What a line is about.
    enum Topic: CaseIterable {
        case unreached, reached, liveness, inTunnel, way, local, name, error, pathMTU, loop, ecn, drop, stranger

        /// How many lines may say the same within how many milliseconds.
        var allowance: (lines: Int, interval: UInt64) {
            switch self {
            // What changes to and fro by hand is said each time.
            case .unreached, .reached, .liveness, .inTunnel, .way, .local, .name: (3, 60_000)
            case .error, .ecn: (1, 60_000)
            // Somebody is probably just looking for it.
            case .pathMTU, .loop: (1, 10_000)
            // It may go on for ever.
            case .drop, .stranger: (1, 600_000)
            }
        }

        /// What "N more" are.
        var plural: String {
            switch self {
            case .unreached: "peers that are not reached"
            case .reached: "peers that can be reached now"
            case .liveness: "peers that answer, or do not any more"
            case .inTunnel: "peers that are routed into the tunnel"
            case .way: "peers that packets leave for by another way"
            case .local: "addresses that packets leave from"
            case .name: "names"
            case .error: "peers that ICMP errors are about"
            case .pathMTU: "path MTUs that changed"
            case .loop, .ecn: "of this kind"
            case .drop, .stranger: "peers or reasons that packets are dropped for"
            }
        }
    }

    /// What tells lines apart.
    struct Key: Hashable {
        let topic: Topic
        let place: Int?
        let about: String
    }

    /// Whether a line may be written.
    enum Verdict: Equatable {
        case write
        /// The same was said just now.
        case tooSoon
        /// There have been enough lines of this topic.
        case tooMany
    }

    /// How many lines of a topic may be written within its interval.
    static let most = 10

    /// Asks for room for a line, and takes it. `now` in milliseconds.
    mutating func judge(_ key: Key, at now: UInt64) -> Verdict {
        let (lines, interval) = key.topic.allowance
        var recent = (written[key.topic] ?? []).filter { now < $0.at + interval }
        defer { written[key.topic] = recent }
        let same = recent.filter { $0.key == key }
        if same.count >= lines, let first = same.first {
            mayComeAgainAt = min(mayComeAgainAt ?? .max, first.at + interval)
            return .tooSoon
        }
        guard recent.count < LineLimit.most else { return .tooMany }
        recent.append((key, now))
        return .write
    }

    /// Counts a line that will not be written.
    mutating func keepBack(_ topic: Topic) { keptBack[topic, default: 0] += 1 }

    /// The same for lines of which somebody else keeps count, and that come again until there is room.
    mutating func keepBack(_ topic: Topic, atLeast count: Int) { keptBack[topic] = max(keptBack[topic] ?? 0, count) }

    /// Nothing was said of the peer at `place`, which is another one, or somewhere else.
    mutating func forget(_ place: Int) {
        for topic in written.keys { written[topic]?.removeAll { $0.key.place == place } }
    }

    /// Those who came too soon, if it is time, come again now.
    mutating func wake(at now: UInt64) {
        if let moment = mayComeAgainAt, moment <= now { mayComeAgainAt = nil }
    }

    /// How many lines were kept back of which topic, where that is to be said now. `now` in milliseconds.
    mutating func counts(at now: UInt64) -> [(topic: Topic, count: Int)] {
        Topic.allCases.compactMap { topic in
            guard let count = keptBack[topic], isDue(topic, at: now) else { return nil }
            keptBack[topic] = nil
            countSaidAt[topic] = now
            return (topic, count)
        }
    }

    private func isDue(_ topic: Topic, at now: UInt64) -> Bool { dueAt(topic) <= now }

    private func dueAt(_ topic: Topic) -> UInt64 { countSaidAt[topic].map { $0 + topic.allowance.interval } ?? 0 }

    /// When there is something to say again, milliseconds; `nil` when nothing waits.
    var next: UInt64? { (keptBack.keys.map(dueAt) + [mayComeAgainAt].compactMap(\.self)).min() }
}
