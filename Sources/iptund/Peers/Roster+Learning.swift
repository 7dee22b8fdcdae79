// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// What is learned while the tunnel is up.
extension Roster {
    /// What came of an answer about a name.
    struct Lesson: Equatable {
        /// Places whose peer is somewhere else now.
        var moved: [Int] = []
        /// Whether anything is different, be it only from where packets are accepted.
        var isNews = false
    }

    /// The name `host` has these addresses, the best one first. A peer stays where it is as long as that is one of them:
    /// name servers give them in another order each time.
    mutating func learn(_ addresses: [IPv4Address], of host: String) -> Lesson {
        var lesson = Lesson()
        for place in places {
            guard var member = members[place], member.host == host, member.addresses != addresses else { continue }
            lesson.isNews = lesson.isNews || Set(member.addresses) != Set(addresses)
            member.addresses = addresses
            if !addresses.contains(where: { $0 == member.address }) {
                member.address = addresses.first
                lesson.moved.append(place)
            }
            members[place] = member
        }
        return lesson
    }

    /// The peer at `place` goes to the next address of its name. Returns which; `nil` when there is no other one.
    mutating func advance(_ place: Int) -> IPv4Address? {
        guard let member = members[place], member.addresses.count > 1,
            let index = member.addresses.firstIndex(where: { $0 == member.address })
        else { return nil }
        let next = member.addresses[(index + 1) % member.addresses.count]
        members[place]?.address = next
        return next
    }

    /// The way to the peer at `place`, or why there is none. Returns whether our address towards it is another now.
    ///
    /// Without a way our address stays as long as it is one of `own`: an uplink that comes back has usually the same.
    mutating func settle(
        _ place: Int, by way: Result<Way, Way.Obstacle>, own: Set<IPv4Address>
    ) -> Bool {
        guard let member = members[place] else { return false }
        var changed = member
        switch way {
        case .success(let way):
            changed.local = way.local
            changed.problem = nil
        case .failure(let obstacle):
            changed.problem = obstacle.why
            let mayStay = obstacle.mayPass && member.local.map(own.contains) == true
            if !mayStay, local == nil { changed.local = nil }
        }
        members[place] = changed
        return changed.local != member.local
    }

    /// Nothing can be asked about the way to a peer without an address of its own.
    mutating func settle(_ place: Int, because problem: String) { members[place]?.problem = problem }
}
