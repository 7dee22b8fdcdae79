// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// What is learned while the tunnel is up.
extension Roster {
    /// The name `host` has this address. Returns the places whose peer is somewhere else now.
    mutating func learn(_ address: IPv4Address, of host: String) -> [Int] {
        places.filter { place in
            guard members[place]?.host == host, members[place]?.address != address else { return false }
            members[place]?.address = address
            return true
        }
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
