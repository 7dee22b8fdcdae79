// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// What was counted at places before their present peers came: counters go on, whoever they are for.
struct Predecessors {
    private var entries: [Int: Pair] = [:]

    private struct Pair {
        let encapsulated: Counters.Entry
        let decapsulated: Counters.Entry
    }

    /// The peer at `place` is another one from now on.
    mutating func note(
        _ place: Int, _ counted: (encapsulated: Counters.Snapshot, decapsulated: Counters.Snapshot)
    ) {
        guard place < counted.encapsulated.peers.count else { return }
        entries[place] = Pair(
            encapsulated: counted.encapsulated.peers[place], decapsulated: counted.decapsulated.peers[place])
    }

    /// What was counted for the peer that is at `place` now.
    func own(
        _ place: Int, _ counted: (encapsulated: Counters.Snapshot, decapsulated: Counters.Snapshot)
    ) -> (sent: Counters.Entry, received: Counters.Entry) {
        let (sent, received) = (counted.encapsulated.peers[place], counted.decapsulated.peers[place])
        guard let before = entries[place] else { return (sent, received) }
        return (sent.since(before.encapsulated), received.since(before.decapsulated))
    }
}
