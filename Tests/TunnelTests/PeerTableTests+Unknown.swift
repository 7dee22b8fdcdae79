// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

/// Peers of which an outer address is not known yet: 0.0.0.0 stands for it, and must never be taken for one.
@Suite struct UnknownEndPeerTableTests {
    @Test func `a peer without an address is nobody's outer source, and its AllowedIPs are its own`() throws {
        let table = try PeerTable([
            Peer(endpoint: nil, host: "a.example", local: nil, allowed: [Example.prefix("10.2.0.0/16")]),
            Peer(endpoint: Example.secondEndpoint, local: Example.local, allowed: [Example.prefix("10.2.7.0/24")]),
        ])
        #expect(table.peer(at: .unspecified) == nil)
        #expect(table.peer(at: Example.secondEndpoint) == Example.second)
        #expect(table.peer(owning: Example.firsts) == Example.first && table.isReserved(Example.firsts))
        let endpoint = table.endpoint(of: Example.first)
        #expect(endpoint.remote == .unspecified && endpoint.local == .unspecified)
    }

    @Test func `any number of peers may be without addresses`() throws {
        let peers = try (0..<5).map {
            Peer(endpoint: nil, local: nil, allowed: [try Example.prefix("10.\($0).0.0/16")])
        }
        #expect(try PeerTable(peers).peers == peers)
    }

    @Test func `a peer may send from further addresses, unless one is another peer's own`() throws {
        let (third, fourth) = (IPv4Address(203, 0, 113, 33), IPv4Address(203, 0, 113, 34))
        let table = try PeerTable([
            Peer(
                endpoint: Example.firstEndpoint, others: [third, Example.secondEndpoint, fourth], local: Example.local,
                allowed: []),
            Peer(endpoint: Example.secondEndpoint, others: [fourth], local: Example.local, allowed: []),
        ])
        #expect(table.peer(at: third) == Example.first && table.peer(at: fourth) == Example.first)
        #expect(table.peer(at: Example.secondEndpoint) == Example.second)
        // What is sent goes to the endpoint, and an error about anything else is about nothing of ours.
        #expect(table.endpoint(of: Example.first).remote == Example.firstEndpoint)
        #expect(table.peer(sentFrom: Example.local, to: Example.firstEndpoint) == Example.first)
        #expect(table.peer(sentFrom: Example.local, to: third) == nil)
    }

    @Test func `only what is known is an end of ours`() throws {
        let table = try PeerTable([
            Peer(endpoint: Example.firstEndpoint, local: nil, allowed: []),
            Peer(endpoint: nil, local: Example.local, allowed: []),
        ])
        #expect(!table.isLocalEnd(.unspecified))
        #expect(table.isLocalEnd(Example.local))
    }

    @Test func `an outer packet is ours between two addresses that are known`() throws {
        let table = try PeerTable([
            Peer(endpoint: Example.firstEndpoint, local: nil, allowed: []),
            Peer(endpoint: Example.secondEndpoint, local: Example.local, allowed: []),
            Peer(endpoint: nil, local: Example.local, allowed: []),
        ])
        #expect(table.peer(sentFrom: Example.local, to: Example.secondEndpoint) == Example.second)
        #expect(table.peer(sentFrom: Example.ours, to: Example.secondEndpoint) == nil)
        #expect(table.peer(sentFrom: .unspecified, to: Example.firstEndpoint) == nil)
        #expect(table.peer(sentFrom: Example.local, to: Example.firstEndpoint) == nil)
        #expect(table.peer(sentFrom: Example.local, to: .unspecified) == nil)
        #expect(table.peer(sentFrom: .unspecified, to: .unspecified) == nil)
    }

    @Test func `what is known is checked all the same`() throws {
        let prefix = try Example.prefix("10.0.0.0/8")
        let remote = Peer(endpoint: IPv4Address(127, 0, 0, 1), local: nil)
        #expect(throws: PeerTable.Invalid.notUnicast(IPv4Address(127, 0, 0, 1))) { try PeerTable([remote]) }
        let local = Peer(endpoint: nil, local: IPv4Address(224, 0, 0, 1))
        #expect(throws: PeerTable.Invalid.notUnicast(IPv4Address(224, 0, 0, 1))) { try PeerTable([local]) }
        let twice = Peer(endpoint: nil, local: nil, allowed: [prefix])
        let refusal = PeerTable.Invalid.samePrefix(prefix, earlier: Example.first, later: Example.second)
        #expect(throws: refusal) { try PeerTable([twice, twice]) }
    }
}
