// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// A table of 10,000 peers with 100,000 prefixes.
@Suite struct CrowdedPeerTableTests {
    @Test func `each of 10,000 peers is found at its endpoint and by its prefixes`() throws {
        var random = SplitMix64()
        let crowd = Crowd(turn: 17)
        let table = try PeerTable(crowd.peers)
        #expect(table.peers.count == Crowd.count)
        for place in 0..<Crowd.count {
            let peer = crowd.peer(place)
            try #require(table.peer(at: Crowd.endpoint(place)) == peer)
            try #require(table.endpoint(of: peer).remote == Crowd.endpoint(place))
            try #require(table.peer(owning: Crowd.block(place * Crowd.prefixesEach)) == peer)
        }
        for _ in 0..<5_000 {
            let (address, place) = Crowd.address(&random)
            try #require(table.peer(owning: address) == crowd.peer(place), "\(address), \(random.note)")
            try #require(table.isReserved(address))
        }
        let strangers = [Crowd.block(0).rawValue - 1, Crowd.block(Crowd.count * Crowd.prefixesEach).rawValue]
        for stranger in strangers.map(IPv4Address.init(rawValue:)) {
            #expect(table.peer(owning: stranger) == nil && !table.isReserved(stranger))
        }
        #expect(table.peer(at: Crowd.endpoint(Crowd.count)) == nil)
        #expect(table.isLocalEnd(Example.local) && !table.isLocalEnd(Crowd.endpoint(0)))
    }

    @Test func `who has everything has what 10,000 others leave, and nothing of it is reserved`() throws {
        var peers = Crowd(turn: 0).peers
        peers[4_999].allowed.append(.all)
        let table = try PeerTable(peers)
        #expect(table.peer(owning: Crowd.block(0)) == PeerIndex(rawValue: 0))
        #expect(table.isReserved(Crowd.block(0)))
        for address in [IPv4Address(rawValue: 0), Example.seconds, IPv4Address(rawValue: .max)] {
            let isLeft = address != Example.seconds
            #expect((table.peer(owning: address) == PeerIndex(rawValue: 4_999)) == isLeft, "\(address)")
            #expect(table.isReserved(address) != isLeft, "\(address)")
        }
        // Its own prefixes stay its own.
        #expect(table.isReserved(Crowd.block(49_990)))
    }

    @Test func `the last of 10,000 peers may not repeat what the first has`() throws {
        let peers = Crowd(turn: 0).peers
        func refusal(_ change: (inout Peer) -> Void) -> PeerTable.Invalid? {
            var changed = peers
            change(&changed[Crowd.count - 1])
            do throws(PeerTable.Invalid) { _ = try PeerTable(changed) } catch { return error }
            return nil
        }
        #expect(refusal { _ in } == nil)
        let (first, last) = (PeerIndex(rawValue: 0), PeerIndex(rawValue: UInt32(Crowd.count - 1)))
        let own = peers[Crowd.count - 1].allowed[8]
        #expect(
            refusal { $0.endpoint = Crowd.endpoint(0) }
                == .sameEndpoint(Crowd.endpoint(0), earlier: first, later: last))
        #expect(
            refusal { $0.allowed[9] = peers[0].allowed[0] }
                == .samePrefix(peers[0].allowed[0], earlier: first, later: last))
        #expect(refusal { $0.allowed[9] = own } == .samePrefix(own, earlier: last, later: last))
        #expect(refusal { $0.endpoint = .unspecified } == .notUnicast(.unspecified))
        #expect(refusal { $0.local = IPv4Address(224, 0, 0, 1) } == .notUnicast(IPv4Address(224, 0, 0, 1)))
        // A block inside of another's, or around it, is nobody's mistake.
        #expect(refusal { $0.allowed[9] = Prefix(host: Crowd.block(0)) } == nil)
        #expect(refusal { $0.allowed[9] = Prefix(Crowd.block(0), length: 8) ?? .all } == nil)
    }
}
