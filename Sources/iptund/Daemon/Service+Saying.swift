// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Logging
internal import Tunnel

/// What the daemon says in its log while the tunnel is up: whatever others can make happen passes by ``LineLimit``.
extension Service {
    /// Writes a line about something that happened, or counts it when there is no room.
    mutating func say(_ line: LogLine, at now: UInt64) {
        if limit.judge(line.key, at: now) == .write { write(line) } else { limit.keepBack(line.topic) }
    }

    private func write(_ line: LogLine) { log.log(level: line.level, "\(line.text)", metadata: line.fields) }

    /// Says how many lines there was no room for.
    mutating func sayCounts(at now: UInt64) {
        for (topic, count) in limit.counts(at: now) {
            log.notice("and \(count) more: \(topic.plural)")
        }
    }

    /// Says which peers cannot be reached that could be when it was last said, and which can that could not. What there is
    /// no room for is said later, if it is still so then.
    mutating func sayProblems(at now: UInt64) {
        for place in roster.places {
            guard let member = roster.members[place], member.problem != saidProblems[place] else { continue }
            status.note()
            let line = LogLine(
                topic: member.problem == nil ? .reached : .unreached, level: member.problem == nil ? .notice : .warning,
                text: member.problem.map { "a peer is not reached: \($0)" } ?? "a peer can be reached now",
                fields: roster.fields(of: place), place: place)
            switch limit.judge(line.key, at: now) {
            case .tooSoon: continue
            case .write: write(line)
            case .tooMany: limit.keepBack(line.topic)
            }
            saidProblems[place] = member.problem
        }
        sayCounts(at: now)
    }

    /// Writes down what people should read about in what was counted.
    mutating func note() {
        note(datapath.snapshots(slots: roster.members.count))
    }

    /// The same, when it was read already.
    mutating func note(_ counted: (encapsulated: Counters.Snapshot, decapsulated: Counters.Snapshot)) {
        let (slots, now) = (roster.members.count, Clock.milliseconds)
        let reading = Observer.Reading(
            encapsulated: counted.encapsulated, decapsulated: counted.decapsulated,
            pathMTU: datapath.pathMTU(slots: slots, at: now), roster: roster)
        sending.look(counted.encapsulated.peers)
        sending.look(errors: counted.decapsulated.peers.map(\.errors), at: now)
        for line in observer.lines(reading, within: &limit, at: now) { write(line) }
        sayCounts(at: now)
        status.note(counted.encapsulated.drops.merging(counted.decapsulated.drops, uniquingKeysWith: +))
    }
}

extension Counters.Snapshot {
    /// Packets dropped so far, by reason, whosever they were.
    fileprivate var drops: [Drop: UInt64] {
        peers.reduce(into: interface.drops) { $0.merge($1.drops, uniquingKeysWith: +) }
    }
}
