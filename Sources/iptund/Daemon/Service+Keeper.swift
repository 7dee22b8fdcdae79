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
            case .news(let news): keeperNews = news
            case .over:
                keeper = nil
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

    /// Tells it where peers are that are known by name.
    func tellKeeper() {
        for place in roster.places {
            guard let member = roster.members[place], member.host != nil, let address = member.address else { continue }
            switch keeper {
            case .some(let keeper): keeper.tell(address, slot: place)
            case .none: return
            }
        }
    }
}
