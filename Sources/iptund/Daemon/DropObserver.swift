// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Tunnel
internal import Wire

/// Says of which peer's packets some are dropped, and why: what dies in silence is what people look for longest.
///
/// Each reason is said of each peer when it is seen first. While it goes on it is said now and then, with how many there
/// were; strangers have one line together.
struct DropObserver {
    /// How many were dropped when that was said.
    private var said: [Subject: UInt64] = [:]

    /// Packets of one kind.
    private struct Subject: Hashable {
        let direction: Direction
        /// Whose, `nil` for none.
        let place: Int?
        let drop: Drop
    }

    /// What was not said yet.
    private struct Finding {
        let subject: Subject
        let total: UInt64
        /// Since it was last said.
        let count: UInt64
    }

    /// Drops that have a line of their own.
    private static let known: Set<Drop> = [.loop, .congestionUnsignalled]
    /// Drops that belong to a network's ordinary life: somebody was told, or nobody misses them.
    private static let ordinary: Set<Drop> = [
        .innerIPv6, .linkLocalGroup, .fragmentationNeeded, .noBuffers, .unresolved, .noLocal,
        .noPeerMulticast,
    ]

    /// The peer at `place` is another one: what was counted before is not its own.
    mutating func forget(_ place: Int, _ reading: Observer.Reading?) {
        said = said.filter { $0.key.place != place }
        guard let reading else { return }
        for direction in Direction.allCases {
            let peers = reading.snapshot(direction).peers
            guard place < peers.count else { continue }
            for (drop, count) in peers[place].drops {
                said[Subject(direction: direction, place: place, drop: drop)] = count
            }
        }
    }

    /// What was not said yet, as far as there is room for it: what happens most goes first. `now` in milliseconds.
    mutating func lines(
        _ reading: Observer.Reading, within limit: inout LineLimit, at now: UInt64
    ) -> [LogLine] {
        var (lines, surplus) = ([LogLine](), 0)
        for finding in findings(reading).sorted(by: { $0.count > $1.count }) {
            let line = line(about: finding, reading)
            switch limit.judge(line.key, at: now) {
            case .write:
                said[finding.subject] = finding.total
                lines.append(line)
            case .tooSoon: break
            case .tooMany: surplus += 1
            }
        }
        if surplus > 0 { limit.keepBack(.drop, atLeast: surplus) }
        return lines
    }

    private func findings(_ reading: Observer.Reading) -> [Finding] {
        var findings: [Finding] = []
        for direction in Direction.allCases {
            let snapshot = reading.snapshot(direction)
            collect(snapshot.interface, of: nil, direction, into: &findings)
            for place in snapshot.peers.indices where !snapshot.peers[place].drops.isEmpty {
                collect(snapshot.peers[place], of: place, direction, into: &findings)
            }
        }
        return findings
    }

    private func collect(
        _ entry: Counters.Entry, of place: Int?, _ direction: Direction, into findings: inout [Finding]
    ) {
        for (drop, total) in entry.drops where !DropObserver.known.contains(drop) {
            let subject = Subject(direction: direction, place: place, drop: drop)
            let before = said[subject] ?? 0
            if total > before { findings.append(Finding(subject: subject, total: total, count: total - before)) }
        }
    }

    private func line(about finding: Finding, _ reading: Observer.Reading) -> LogLine {
        let (subject, drop) = (finding.subject, finding.subject.drop)
        let isStranger = subject.place == nil && subject.direction == .decapsulate
        var fields = subject.place.map { reading.roster.fields(of: $0) } ?? [:]
        fields["drop"] = "\(drop.name)"
        fields["count"] = "\(finding.count)"
        if drop == .notPeer {
            fields["address"] =
                "\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: reading.decapsulated[.lastStranger])))"
        }
        let isOrdinary = DropObserver.ordinary.contains(drop)
        return LogLine(
            topic: isStranger ? .stranger : .drop,
            level: isOrdinary ? .info : isStranger ? .notice : .warning,
            text:
                "\(DropObserver.whose(subject)) are dropped: \(drop.explanation.sentence); \(drop.explanation.hint)",
            fields: fields, about: isStranger ? "" : "\(subject.direction) \(drop.name)", place: subject.place)
    }

    private static func whose(_ subject: Subject) -> String {
        switch (subject.direction, subject.place) {
        case (.encapsulate, nil): "packets that are routed into the tunnel"
        case (.encapsulate, _): "packets to a peer"
        case (.decapsulate, nil): "packets from a stranger"
        case (.decapsulate, _): "packets from a peer"
        }
    }
}

extension Observer.Reading {
    fileprivate func snapshot(_ direction: Direction) -> Counters.Snapshot {
        switch direction {
        case .encapsulate: encapsulated
        case .decapsulate: decapsulated
        }
    }
}
