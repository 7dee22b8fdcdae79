// SPDX-License-Identifier: Apache-2.0

internal import Configuration

/// Another configuration.
extension Roster {
    /// What a replacement did.
    struct Changes: Equatable {
        var added = 0
        var removed = 0
        var changed = 0
        var kept = 0
        /// Places about whose way nothing is known any more.
        var moved: [Int] = []
        /// Places that are another peer's now.
        var taken: [Int] = []
    }

    /// Replaces the peers by `peers`. Who is in both, by endpoint or by name, keeps its place.
    /// - Returns: `nil` when there are more than there is room for; then nothing has changed.
    mutating func replace(by peers: [PeerSettings]) -> Changes? {
        var old = Dictionary(uniqueKeysWithValues: places.map { ($0, members[$0]) })
        var byEndpoint: [PeerAddress: Int] = [:]
        for (place, member) in old { if let member { byEndpoint[member.settings.endpoint] = place } }
        var newcomers: [Int] = []
        var next = self
        var changes = Changes()
        for (order, peer) in peers.enumerated() {
            guard let place = byEndpoint[peer.endpoint] else {
                newcomers.append(order)
                continue
            }
            changes.kept += 1
            if next.keep(place, as: peer, order: order) {
                (changes.kept, changes.changed) = (changes.kept - 1, changes.changed + 1)
            }
            old[place] = nil
        }
        next.moveByName(&newcomers, peers, &old, &changes)
        let vacated = Set(old.keys)
        for place in vacated { next.members[place] = nil }
        changes.removed = vacated.count
        guard next.admit(newcomers, peers, besides: vacated, &changes) else {
            // Whoever tries again later finds these places free.
            resting = []
            return nil
        }
        next.resting = vacated
        self = next
        return changes
    }

    /// Returns whether anything about the peer is different.
    private mutating func keep(_ place: Int, as peer: PeerSettings, order: Int) -> Bool {
        let isDifferent = members[place]?.settings != peer
        members[place]?.settings = peer
        members[place]?.order = order
        return isDifferent
    }

    /// A peer that has the name of one that is gone is that peer at another address.
    private mutating func moveByName(
        _ newcomers: inout [Int], _ peers: [PeerSettings], _ old: inout [Int: Member?], _ changes: inout Changes
    ) {
        var byName: [String: Int] = [:]
        for (place, member) in old { if let name = member?.settings.name { byName[name] = place } }
        newcomers.removeAll { order in
            guard let name = peers[order].name, let place = byName[name] else { return false }
            members[place] = Member(settings: peers[order], order: order, local: local)
            settleAddress(of: place)
            old[place] = nil
            changes.changed += 1
            changes.moved.append(place)
            return true
        }
    }

    private mutating func admit(
        _ newcomers: [Int], _ peers: [PeerSettings], besides vacated: Set<Int>, _ changes: inout Changes
    ) -> Bool {
        var free = members.indices.filter { members[$0] == nil && !resting.contains($0) && !vacated.contains($0) }[...]
        for order in newcomers {
            let member = Member(settings: peers[order], order: order, local: local)
            if let place = free.popFirst() {
                members[place] = member
                changes.taken.append(place)
                settleAddress(of: place)
            } else {
                guard members.count < capacity else { return false }
                members.append(member)
                settleAddress(of: members.count - 1)
            }
        }
        changes.added = newcomers.count
        return true
    }
}
