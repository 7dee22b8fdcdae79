// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct RosterTests {
    static let first = IPv4Address(192, 0, 2, 1)
    static let second = IPv4Address(192, 0, 2, 2)
    static let ours = IPv4Address(198, 51, 100, 7)

    /// What the table says of each place.
    private static func endpoints(_ roster: Roster) throws -> [IPv4Address?] {
        try roster.table().slots.map { $0?.endpoint }
    }

    @Test func `peers stand in the order of the configuration, and who was given by address has one`() throws {
        let roster = Roster(
            [
                .sample("192.0.2.1", name: "b"), .sample("c.example", allowed: []),
                .sample("192.0.2.2", allowed: ["10.0.0.0/8"]),
            ],
            local: Self.ours)
        #expect(roster.places == [0, 1, 2])
        #expect(roster.hosts == ["c.example"])
        #expect(roster.members.map { $0?.label } == ["b", "c.example", "192.0.2.2"])
        #expect(roster.members.map { $0?.order } == [0, 1, 2])
        #expect(try Self.endpoints(roster) == [Self.first, nil, Self.second])
        let peers = try #require(try? roster.table()).slots
        #expect(peers.map { $0?.allowed } == [[.all], [], [block("10.0.0.0/8")]])
        #expect(peers.map { $0?.host } == [nil, "c.example", nil])
        #expect(peers.map { $0?.local } == [Self.ours, nil, Self.ours])
        #expect(peers.hasOnly { $0?.acceptance == .localOnly })
    }

    @Test func `where nobody named an address of ours, peers may send to all of them`() throws {
        let roster = Roster([.sample("192.0.2.1")], local: nil)
        #expect(try roster.table().slots.map { $0?.acceptance } == [.anyAddress])
        #expect(try roster.table().slots.map { $0?.local } == [nil])
    }

    @Test(arguments: [(0, 64), (1, 64), (32, 64), (33, 66), (1_000, 2_000)])
    func `there is room for as many again, and for 64 at least`(count: Int, capacity: Int) {
        #expect(Roster.capacity(for: count) == capacity)
        let peers = (0..<count).map {
            PeerSettings(endpoint: .address(IPv4Address(rawValue: 0x0a00_0000 + UInt32($0))))
        }
        #expect(Roster(peers, local: nil).capacity == capacity)
        #expect(Roster(peers, local: nil, capacity: 7).capacity == 7)
    }
}

/// Names, and who has an address that several claim.
extension RosterTests {
    @Test func `a name that is learned moves its peers, and once only`() {
        var roster = Roster([.sample("b.example"), .sample("192.0.2.2"), .sample("c.example")], local: nil)
        let moved = roster.learn([Self.first], of: "b.example")
        let again = roster.learn([Self.first], of: "b.example")
        let unknown = roster.learn([Self.first], of: "z.example")
        let elsewhere = roster.learn([IPv4Address(192, 0, 2, 9)], of: "b.example")
        #expect([moved, again, unknown, elsewhere].map(\.moved) == [[0], [], [], [0]])
        #expect([moved, again, unknown, elsewhere].map(\.isNews) == [true, false, false, true])
        #expect(roster.endpoints() == [IPv4Address(192, 0, 2, 9), Self.second, nil])
    }

    @Test func `of several addresses the one in use stays as long as it is among them, in whatever order`() throws {
        var roster = Roster([.sample("b.example")], local: nil)
        let third = IPv4Address(192, 0, 2, 3)
        #expect(roster.learn([Self.first, Self.second], of: "b.example") == .init(moved: [0], isNews: true))
        #expect(roster.learn([Self.second, Self.first], of: "b.example") == .init())
        #expect(roster.endpoints() == [Self.first])
        // From a third one packets are accepted, and no longer from the second.
        #expect(roster.learn([third, Self.first], of: "b.example") == .init(moved: [], isNews: true))
        #expect(try roster.table().peers.map(\.others) == [[third]])
        #expect(roster.learn([third, Self.second], of: "b.example") == .init(moved: [0], isNews: true))
        #expect(roster.endpoints() == [third])
    }

    @Test func `a peer goes to the next of its name's addresses, and round`() {
        let (one, other) = (IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 2))
        var roster = Roster([.sample("b.example"), .sample("192.0.2.9")], local: nil)
        #expect(roster.advance(0) == nil)
        _ = roster.learn([one, other], of: "b.example")
        let steps = [roster.advance(0), roster.advance(0)]
        #expect(steps == [other, one])
        _ = roster.learn([one], of: "b.example")
        let last = [roster.advance(0), roster.advance(1)]
        #expect(last == [nil, nil])
    }

    @Test
    func
        `what a tunnel of this name knew before is remembered, in any spelling, and an address that is held is not used`()
    {
        let address = IPv4Address(192, 0, 2, 1)
        var roster = Roster([.sample("B.example."), .sample("192.0.2.9")], local: nil)
        roster.recall([.name("b.EXAMPLE"): address, .address(IPv4Address(192, 0, 2, 9)): address])
        #expect(roster.endpoints() == [address, IPv4Address(192, 0, 2, 9)])
        #expect(roster.savedAddresses == ["b.example": address])
        #expect(roster.learned == [.name("b.example"): address])
        roster.members[0]?.isHeld = true
        #expect(roster.endpoints() == [nil, IPv4Address(192, 0, 2, 9)])
    }

    @Test func `an address that a name and a literal claim belongs to the literal, wherever it stands`() {
        var roster = Roster([.sample("b.example"), .sample("192.0.2.1")], local: nil)
        _ = roster.learn([Self.first], of: "b.example")
        #expect(roster.endpoints() == [nil, Self.first])
        var other = Roster([.sample("192.0.2.1"), .sample("b.example")], local: nil)
        _ = other.learn([Self.first], of: "b.example")
        #expect(other.endpoints() == [Self.first, nil])
    }

    @Test func `of two names with one address the first in the configuration has it, whoever came first`() throws {
        var roster = Roster([.sample("b.example", allowed: []), .sample("c.example", allowed: [])], local: nil)
        _ = roster.learn([Self.first], of: "c.example")
        #expect(roster.endpoints() == [nil, Self.first])
        _ = roster.learn([Self.first], of: "b.example")
        #expect(roster.endpoints() == [Self.first, nil])
        // The configuration counts, not the place.
        let changes = roster.replace(by: [.sample("c.example", allowed: []), .sample("b.example", allowed: [])])
        #expect(changes?.kept == 2)
        #expect(roster.endpoints() == [nil, Self.first])
        // Such a conflict is none to the rules.
        #expect(try Self.endpoints(roster) == [nil, Self.first])
        _ = roster.learn([Self.second], of: "c.example")
        #expect(roster.endpoints() == [Self.first, Self.second])
    }
}

/// What is known of the way to a peer.
extension RosterTests {
    private static func way(_ local: IPv4Address = ours) -> Result<Way, Way.Obstacle> {
        .success(Way(local: local, gateway: nil, link: 2, mtu: 1500))
    }

    @Test func `a way names our address and ends a problem; only another address is news`() {
        var roster = Roster([.sample("192.0.2.1")], local: nil)
        roster.settle(0, because: "nobody knows")
        let problem = roster.members[0]?.problem
        let first = roster.settle(0, by: Self.way(), own: [])
        let same = roster.settle(0, by: Self.way(), own: [])
        let other = roster.settle(0, by: Self.way(Self.second), own: [])
        #expect(problem == "nobody knows")
        #expect([first, same, other] == [true, false, true])
        #expect(roster.members[0]?.local == Self.second)
        #expect(roster.members[0]?.problem == nil)
    }

    @Test(
        arguments: [
            (.noRoute(.networkUnreachable), true, true), (.noRoute(.networkUnreachable), false, false),
            (.noSource, true, true), (.noSource, false, false), (.isOurs, true, false), (.isNoHost, true, false),
        ] as [(Way.Obstacle, Bool, Bool)])
    func `without a way our address stays while it is ours and the obstacle may pass`(
        obstacle: Way.Obstacle, isOwn: Bool, stays: Bool
    ) {
        var roster = Roster([.sample("192.0.2.1")], local: nil)
        _ = roster.settle(0, by: Self.way(), own: [])
        let hasMoved = roster.settle(0, by: .failure(obstacle), own: isOwn ? [Self.ours] : [Self.second])
        #expect(hasMoved != stays)
        #expect(roster.members[0]?.local == (stays ? Self.ours : nil))
        #expect(roster.members[0]?.problem == obstacle.why)
    }

    @Test func `an address of ours that somebody named stays whatever happens`() {
        var roster = Roster([.sample("192.0.2.1")], local: Self.ours)
        let hasMoved = roster.settle(0, by: .failure(.isOurs), own: [])
        #expect(!hasMoved)
        #expect(roster.members[0]?.local == Self.ours)
    }

    @Test func `a vacant place is nobody's to settle`() {
        var roster = Roster([.sample("192.0.2.1")], local: nil)
        _ = roster.replace(by: [])
        let hasMoved = roster.settle(0, by: Self.way(), own: [])
        roster.settle(0, because: "nobody knows")
        #expect(!hasMoved)
        #expect(roster.members == [nil])
    }
}
