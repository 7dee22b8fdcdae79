// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel

/// Whether peers are there: by what comes from them, and by questions when nothing does.
extension Service {
    /// What to wait for.
    var proberInterests: [Poll.Interest] {
        switch prober {
        case .some(let prober): prober.interests
        case .none: [.nothing, .nothing]
        }
    }

    /// Asks those who have been silent for too long.
    mutating func lookAtPeers(at now: UInt64) {
        guard liveness.isDue(at: now) else { return }
        // What has come meanwhile is no loss.
        takeAnswers()
        let heard = roster.places.map { LivenessBook.Hearing(place: $0, at: datapath.lastReceived(at: $0)) }
        prober?.own = ownAddresses
        prober?.addresses = settings.addresses
        for question in liveness.look(heard, at: now) {
            guard let member = roster.members[question.place] else { continue }
            prober?.ask(question.number, question.place, member)
        }
        sayLiveness(at: now)
    }

    /// Takes the replies that have come.
    mutating func takeAnswers() {
        let now = Clock.milliseconds
        for answer in prober?.answers() ?? [] { liveness.answered(answer, at: now) }
        sayLiveness(at: now)
    }

    /// The peer at `place` is another one, or has gone.
    mutating func forgetLiveness(at place: Int) {
        _ = silentNames.isBack(place)
        prober?.forget(place)
        liveness.forget(place, heard: datapath.lastReceived(at: place), at: Clock.milliseconds)
    }

    private mutating func sayLiveness(at now: UInt64) {
        for change in liveness.changes() {
            guard let member = roster.members[change.place] else { continue }
            let (level, text) = Self.words(change)
            status.note()
            // A name may lead elsewhere now, as with an address that changes every day.
            if member.host != nil, change.new != .unknown {
                judgeName(of: change.place, isDown: change.new == .down, at: now)
            }
            let line = LogLine(
                topic: .liveness, level: level, text: text, fields: roster.fields(of: change.place),
                about: "\(change.new)", place: change.place)
            say(line, at: now)
        }
        sayCounts(at: now)
    }

    private static func words(_ change: LivenessBook.Change) -> (Logger.Level, String) {
        switch change.new {
        case .up: (change.old == .unknown ? .info : .notice, "a peer is up: it answers")
        case .degraded: (.notice, "a peer is degraded: replies of it are missing")
        case .down: (.warning, "a peer is down: it is silent, and does not answer; 'iptund ping' tells which way fails")
        case .unknown: (.info, "a peer is unknown: it has not said anything yet")
        }
    }
}
