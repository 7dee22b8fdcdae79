// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing
import Wire
@testable import iptund

/// Another configuration.
extension RosterTests {
    /// Whom each place belongs to.
    private static func labels(_ roster: Roster) -> [String?] { roster.members.map { $0?.label } }

    @Test func `who is in both keeps the place and all that is known`() {
        var roster = Roster([.sample("192.0.2.1"), .sample("b.example"), .sample("192.0.2.3")], local: nil)
        _ = roster.learn([Self.second], of: "b.example")
        let way = Way(local: Self.ours, gateway: nil, link: 2, mtu: 1500)
        _ = roster.settle(1, by: .success(way), own: [])
        let changes = roster.replace(by: [
            .sample("b.example", allowed: ["10.0.0.0/8"]), .sample("192.0.2.4"), .sample("192.0.2.3"),
        ])
        var expected = Roster.Changes()
        (expected.added, expected.removed, expected.changed, expected.kept) = (1, 1, 1, 1)
        #expect(changes == expected)
        #expect(Self.labels(roster) == [nil, "b.example", "192.0.2.3", "192.0.2.4"])
        #expect(roster.members[1]?.address == Self.second)
        #expect(roster.members[1]?.local == Self.ours)
        #expect(roster.members[1]?.settings.allowed == [block("10.0.0.0/8")])
        #expect(roster.members.map { $0?.order } == [nil, 0, 2, 1])
    }

    @Test func `the same configuration changes nothing`() {
        let peers = [PeerSettings.sample("192.0.2.1", name: "b"), .sample("c.example")]
        var roster = Roster(peers, local: nil)
        _ = roster.learn([Self.first], of: "c.example")
        let before = roster.members
        let changes = roster.replace(by: peers)
        var expected = Roster.Changes()
        expected.kept = 2
        #expect(changes == expected)
        #expect(roster.members == before)
    }

    @Test func `a peer that has its name at another endpoint is that peer, somewhere else`() {
        var roster = Roster([.sample("192.0.2.1", name: "b"), .sample("192.0.2.2", name: "c")], local: nil)
        let way = Way(local: Self.ours, gateway: nil, link: 2, mtu: 1500)
        for place in 0...1 { _ = roster.settle(place, by: .success(way), own: []) }
        let changes = roster.replace(by: [.sample("192.0.2.9", name: "b"), .sample("c.example", name: "c")])
        #expect(changes?.moved.sorted() == [0, 1])
        #expect((changes?.changed, changes?.added, changes?.removed, changes?.kept) == (2, 0, 0, 0))
        #expect(changes?.taken == [])
        #expect(roster.endpoints() == [IPv4Address(192, 0, 2, 9), nil])
        // What was known is of the old place.
        #expect(roster.members.map { $0?.local } == [nil, nil])
    }

    @Test func `names that change endpoints with each other stay where their endpoints are`() {
        var roster = Roster([.sample("192.0.2.1", name: "b"), .sample("192.0.2.2", name: "c")], local: nil)
        let changes = roster.replace(by: [.sample("192.0.2.2", name: "b"), .sample("192.0.2.1", name: "c")])
        #expect((changes?.changed, changes?.kept, changes?.moved) == (2, 0, []))
        #expect(Self.labels(roster) == ["c", "b"])
        #expect(roster.endpoints() == [Self.first, Self.second])
    }

    @Test func `a place that was given up rests over one replacement, and is another's afterwards`() {
        var roster = Roster([.sample("192.0.2.1"), .sample("192.0.2.2")], local: nil)
        // Nobody gets the place in the replacement that vacates it, nor in the next.
        let first = roster.replace(by: [.sample("192.0.2.2"), .sample("192.0.2.3")])
        #expect(Self.labels(roster) == [nil, "192.0.2.2", "192.0.2.3"])
        #expect(first?.taken == [])
        let second = roster.replace(by: [.sample("192.0.2.2"), .sample("192.0.2.3"), .sample("192.0.2.4")])
        #expect(Self.labels(roster) == [nil, "192.0.2.2", "192.0.2.3", "192.0.2.4"])
        #expect(second?.taken == [])
        let third = roster.replace(by: (2...5).map { .sample("192.0.2.\($0)") })
        #expect(Self.labels(roster) == ["192.0.2.5", "192.0.2.2", "192.0.2.3", "192.0.2.4"])
        #expect(third?.taken == [0])
    }

    @Test func `more peers than there is room for are refused, and nothing has changed`() {
        var roster = Roster([.sample("192.0.2.1"), .sample("192.0.2.2")], local: nil, capacity: 3)
        let before = roster.members
        let tooMany = roster.replace(by: (3...5).map { .sample("192.0.2.\($0)") })
        #expect(tooMany == nil)
        #expect(roster.members == before)
        let fitting = roster.replace(by: (1...3).map { .sample("192.0.2.\($0)") })
        #expect(fitting?.added == 1)
        // A place that rests is no room yet, but it will be.
        let one = roster.replace(by: (2...3).map { .sample("192.0.2.\($0)") })
        let early = roster.replace(by: (2...4).map { .sample("192.0.2.\($0)") })
        let pause = roster.replace(by: (2...3).map { .sample("192.0.2.\($0)") })
        let late = roster.replace(by: (2...4).map { .sample("192.0.2.\($0)") })
        #expect((one?.removed, early == nil, pause?.kept, late?.taken) == (1, true, 2, [0]))
    }

    @Test func `random replacements keep every endpoint at its place, and use none twice`() {
        var random = SplitMix64()
        var roster = Roster([], local: nil, capacity: 24)
        var justVacated: Set<Int> = []
        for _ in 1...2_000 {
            let count = Int.random(in: 0...8, using: &random)
            let peers = (1...12).shuffled(using: &random).prefix(count).map { PeerSettings.sample("192.0.2.\($0)") }
            let before = roster
            guard let changes = roster.replace(by: peers) else { continue }
            let wanted = Set(peers.map(\.endpoint))
            var mistakes: [String] = []
            for place in before.places {
                guard let endpoint = before.members[place]?.settings.endpoint else { continue }
                let now = roster.members[place]?.settings.endpoint
                if now != (wanted.contains(endpoint) ? endpoint : nil) {
                    mistakes.append("place \(place) is \(String(describing: now))")
                }
            }
            if Set(roster.places.compactMap { roster.members[$0]?.settings.endpoint }) != wanted {
                mistakes.append("not all there")
            }
            if roster.places.count != count || roster.members.count > roster.capacity { mistakes.append("too many") }
            let taken = Set(roster.places).subtracting(before.places).filter { $0 < before.members.count }
            if taken != Set(changes.taken) || !taken.isDisjoint(with: justVacated) { mistakes.append("taken \(taken)") }
            if changes.kept + changes.changed + changes.added != count { mistakes.append("\(changes)") }
            justVacated = Set(before.places).subtracting(roster.places)
            guard mistakes.isEmpty else {
                Issue.record("\(random.note): \(mistakes)")
                return
            }
        }
    }
}
