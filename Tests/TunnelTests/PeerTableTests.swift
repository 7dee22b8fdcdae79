// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct PeerTableTests {
    @Test func `nested AllowedIPs belong to the more specific peer`() throws {
        let table = try Example.table()
        #expect(table.peer(owning: Example.firsts) == Example.first)
        #expect(table.peer(owning: Example.seconds) == Example.second)
        #expect(table.peer(owning: IPv4Address(10, 2, 8, 0)) == Example.first)
        #expect(table.peer(owning: Example.ours) == nil)
    }

    @Test func `a peer is known by its endpoint`() throws {
        let table = try Example.table()
        #expect(table.peer(at: Example.firstEndpoint) == Example.first)
        #expect(table.peer(at: Example.secondEndpoint) == Example.second)
        #expect(table.peer(at: Example.local) == nil)
        #expect(table.peer(at: .unspecified) == nil)
    }

    @Test func `the endpoint of a peer is what the peer was made with`() throws {
        let endpoint = try Example.table(acceptance: .localOnly).endpoint(of: Example.second)
        #expect(endpoint.remote == Example.secondEndpoint)
        #expect(endpoint.local == Example.local)
        #expect(endpoint.acceptance == .localOnly)
    }

    @Test func `what a peer's AllowedIPs hold is reserved, unless they hold everything`() throws {
        let table = try PeerTable([
            Peer(endpoint: Example.firstEndpoint, local: Example.local),
            Peer(endpoint: Example.secondEndpoint, local: Example.local, allowed: [Example.prefix("10.2.7.0/24")]),
        ])
        #expect(table.isReserved(Example.seconds))
        #expect(!table.isReserved(Example.firsts))
        #expect(table.peer(owning: Example.firsts) == Example.first)
        #expect(try Example.table().isReserved(Example.firsts))
        #expect(try !Example.table().isReserved(Example.ours))
    }

    @Test func `no peers make a table that knows nobody`() throws {
        let table = try PeerTable([])
        #expect(table.peers.isEmpty)
        #expect(table.peer(owning: Example.firsts) == nil)
        #expect(table.peer(at: Example.firstEndpoint) == nil)
    }

    @Test func `a peer without AllowedIPs is heard by no rule, and sent nothing`() throws {
        let table = try PeerTable([Peer(endpoint: Example.firstEndpoint, local: Example.local, allowed: [])])
        #expect(table.peer(at: Example.firstEndpoint) == Example.first)
        #expect(table.peer(owning: Example.firsts) == nil)
    }
}

/// What the administrator has to be told.
@Suite struct PeerTableInvalidTests {
    @Test func `two peers cannot share an endpoint`() {
        let peers = [peer("198.51.100.2", allowed: "10.0.0.0/8"), peer("198.51.100.2", allowed: "11.0.0.0/8")]
        let refusal = PeerTable.Invalid.sameEndpoint(
            Example.firstEndpoint, earlier: Example.first, later: Example.second)
        #expect(throws: refusal) { try PeerTable(peers) }
    }

    @Test func `the same prefix cannot belong to two peers, nor twice to one`() throws {
        let prefix = try Example.prefix("10.0.0.0/8")
        let two = [peer("198.51.100.2", allowed: "10.0.0.0/8"), peer("203.0.113.3", allowed: "10.9.9.9/8")]
        let refusal = PeerTable.Invalid.samePrefix(prefix, earlier: Example.first, later: Example.second)
        #expect(throws: refusal) { try PeerTable(two) }
        let one = Peer(endpoint: Example.firstEndpoint, local: Example.local, allowed: [prefix, prefix])
        let twice = PeerTable.Invalid.samePrefix(prefix, earlier: Example.first, later: Example.first)
        #expect(throws: twice) { try PeerTable([one]) }
    }

    @Test func `two peers with everything cannot both have it`() {
        let peers = [peer("198.51.100.2", allowed: "0.0.0.0/0"), peer("203.0.113.3", allowed: "0.0.0.0/0")]
        let refusal = PeerTable.Invalid.samePrefix(.all, earlier: Example.first, later: Example.second)
        #expect(throws: refusal) { try PeerTable(peers) }
    }

    @Test(arguments: ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"])
    func `an outer address is one host's`(text: String) throws {
        let address = try #require(IPv4Address(text))
        let remote = [Peer(endpoint: address, local: Example.local)]
        #expect(throws: PeerTable.Invalid.notUnicast(address)) { try PeerTable(remote) }
        let local = [Peer(endpoint: Example.firstEndpoint, local: address)]
        #expect(throws: PeerTable.Invalid.notUnicast(address)) { try PeerTable(local) }
    }

    private func peer(_ endpoint: String, allowed: String) -> Peer {
        Peer(
            endpoint: IPv4Address(endpoint) ?? .unspecified, local: Example.local,
            allowed: [Prefix(allowed)].compactMap(\.self))
    }
}
