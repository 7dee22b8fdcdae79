// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Wire

/// The keeper, as far as the daemon has to do with it.
extension Service {
    /// That it says something, or is gone.
    var keeperInterest: Poll.Interest {
        switch keeper {
        case .some(let keeper): keeper.interest
        case .none: .nothing
        }
    }

    /// Takes what it says. Without a keeper no change is made again or taken back: a supervisor starts both again.
    mutating func hearKeeper(_ supervisor: borrowing Supervisor) {
        while let reply = hear() {
            switch reply {
            case .noneYet: return
            case .news(let news):
                keeperNews = news
                questions.hear(news)
            case .over:
                keeper = nil
                questions.isAlone()
                if keeperNews.killSwitch != nil { keeperNews.killSwitch = .unknown }
                keeperNews.problem =
                    "its keeper has ended: what is removed is not made again, and what was changed is not taken back"
                log.error(
                    "the keeper has ended: what is removed is not made again, and what was changed stays until 'iptund down \(report.name)'"
                )
                guard supervisor.isThere else { return }
                ending = .failed(
                    Complaint(
                        "the keeper of tunnel \(report.name)", why: "has ended",
                        whatNow: "the supervisor starts the tunnel again"))
            }
        }
    }

    private func hear() -> KeeperLine.Reply? {
        switch keeper {
        case .some(let keeper): keeper.hear()
        case .none: nil
        }
    }

    /// Tells it where the peer at `place` is, and holds the address until the keeper has judged it: whether another tunnel takes
    /// packets from there, and whether the host is ready for it.
    mutating func askKeeper(about place: Int) {
        guard tell(about: place) else { return questions.forget(place) }
        questions.ask(place, at: Clock.milliseconds)
        roster.members[place]?.isHeld = true
    }

    /// Tells it where the peer at `place` is, which goes on to be used.
    mutating func tellKeeper(about place: Int) {
        if tell(about: place) { questions.told() }
    }

    private func tell(about place: Int) -> Bool {
        guard let address = roster.members[place]?.address else { return false }
        switch keeper {
        case .some(let keeper): return keeper.tell(address, slot: place)
        case .none: return false
        }
    }

    /// Lets packets go by what the keeper has judged.
    mutating func useAddresses(at now: UInt64) {
        guard questions.isDue(at: now) else { return }
        var hasChanged = false
        for place in roster.places where roster.members[place]?.host != nil {
            let isHeld = questions.isOpen(place)
            guard roster.members[place]?.isHeld != isHeld else { continue }
            roster.members[place]?.isHeld = isHeld
            hasChanged = true
        }
        guard hasChanged else { return }
        reorder()
        watch.lookAtOnce()
    }
}
