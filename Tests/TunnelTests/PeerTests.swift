// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct PeerTests {
    @Test func `a peer of which nothing more is said may send anything, to any of our addresses`() {
        let peer = Peer(endpoint: Example.firstEndpoint, local: Example.local)
        #expect(peer.allowed == [.all])
        #expect(peer.acceptance == .anyAddress)
        #expect(peer.name == nil && peer.host == nil)
    }

    @Test func `peers are equal when all of their facts are`() {
        let peer = Peer(name: "a", endpoint: Example.firstEndpoint, local: Example.local)
        var others = [Peer](repeating: peer, count: 6)
        #expect(others[0] == peer)
        others[0].name = "b"
        others[1].endpoint = Example.secondEndpoint
        others[2].local = Example.secondEndpoint
        others[3].acceptance = .localOnly
        others[4].allowed = []
        others[5].host = "a.example"
        for other in others { #expect(other != peer) }
    }

    @Test func `where a peer is says its address, or the name that has none yet`() {
        var peer = Peer(name: "b", endpoint: Example.firstEndpoint, host: "b.example", local: nil)
        #expect(peer.whereabouts == "198.51.100.2")
        peer.endpoint = nil
        #expect(peer.whereabouts == "b.example")
        peer.host = nil
        #expect(peer.whereabouts == "b")
        peer.name = nil
        #expect(peer.whereabouts == "unknown")
    }
}
