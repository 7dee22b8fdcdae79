// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Tables with vacant places: a peer keeps its index while others come and go.
@Suite struct PeerTableSlotsTests {
    private let peers: [Peer]

    init() throws { peers = try Example.table().peers }

    @Test func `the peers around a vacant place keep their indices`() throws {
        let table = try PeerTable(slots: [nil, peers[0], nil, nil, peers[1], nil])
        let (first, second) = (PeerIndex(rawValue: 1), PeerIndex(rawValue: 4))
        #expect(table.slots == [nil, peers[0], nil, nil, peers[1], nil])
        #expect(table.peers == peers)
        #expect(table.indices == [first, second])
        #expect(table.peer(at: Example.firstEndpoint) == first && table.peer(at: Example.secondEndpoint) == second)
        #expect(table.peer(owning: Example.firsts) == first && table.peer(owning: Example.seconds) == second)
        #expect(table.endpoint(of: second).remote == Example.secondEndpoint)
    }

    @Test func `a vacant place is nobody's`() throws {
        let table = try PeerTable(slots: [nil, peers[0]])
        let nobody = table.endpoint(of: Example.first)
        #expect(nobody.remote == .unspecified && nobody.local == .unspecified)
        #expect(table.peer(at: .unspecified) == nil && !table.isLocalEnd(.unspecified))
        #expect(table.peer(at: Example.secondEndpoint) == nil)
    }

    @Test(arguments: [0, 1, 5]) func `nothing but vacant places make a table that knows nobody`(count: Int) throws {
        let table = try PeerTable(slots: .init(repeating: nil, count: count))
        #expect(table.slots.count == count && table.peers.isEmpty && table.indices.isEmpty)
        #expect(table.peer(owning: Example.firsts) == nil && table.peer(at: Example.firstEndpoint) == nil)
    }

    @Test func `without vacant places, slots are the peers`() throws {
        let table = try PeerTable(peers)
        #expect(table.slots == peers && table.peers == peers)
        #expect(table.indices == [Example.first, Example.second])
    }

    @Test func `who has everything may be anywhere`() throws {
        let everything = Peer(endpoint: Example.firstEndpoint, local: Example.local)
        let table = try PeerTable(slots: [nil, nil, everything, peers[1]])
        #expect(table.peer(owning: Example.firsts) == PeerIndex(rawValue: 2))
        #expect(table.peer(owning: Example.seconds) == PeerIndex(rawValue: 3))
    }

    @Test func `a conflict names the places of both peers, vacant ones counted`() {
        let (earlier, later) = (PeerIndex(rawValue: 1), PeerIndex(rawValue: 3))
        let sameEndpoint = PeerTable.Invalid.sameEndpoint(Example.firstEndpoint, earlier: earlier, later: later)
        #expect(throws: sameEndpoint) { try PeerTable(slots: [nil, peers[0], nil, peers[0]]) }
        var moved = peers[0]
        moved.endpoint = Example.secondEndpoint
        let samePrefix = PeerTable.Invalid.samePrefix(moved.allowed[0], earlier: earlier, later: later)
        #expect(throws: samePrefix) { try PeerTable(slots: [nil, peers[0], nil, moved]) }
    }

    @Test func `a peer that moves in is served under its index, and one that moved out is a stranger`() throws {
        let tunnel = try TestTunnel(PeerTable(slots: [peers[0], nil]))
        let toSecond = TestPacket.outbound.with { $0.destination = Example.seconds }.bytes()
        #expect(encapsulate(toSecond, by: tunnel).peer == Example.first)
        let rules = RuleSet(table: try PeerTable(slots: [nil, peers[1]]))
        (tunnel.encapsulation.rules, tunnel.decapsulation.rules) = (rules, rules)
        #expect(encapsulate(toSecond, by: tunnel).peer == Example.second)
        #expect(decapsulate(TestPacket.inbound.wrapped(), by: tunnel).drop == .notPeer)
    }
}
