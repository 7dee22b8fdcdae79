// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct CountersTests {
    @Test func `new counters are at zero, for the interface and for every peer`() {
        let snapshot = Counters(peerCount: 3).snapshot()
        #expect(snapshot.received == 0)
        #expect(snapshot.errors == 0)
        #expect(snapshot.peers.count == 3)
        for entry in snapshot.peers + [snapshot.interface] {
            #expect(entry == snapshot.interface)
            #expect(entry.drops.isEmpty && entry.delivered == 0 && entry.lastDelivered == 0)
        }
    }

    @Test func `a delivery counts for its peer: packets, octets, and when`() {
        let counters = Counters(peerCount: 2)
        let writer = counters.writer
        writer.delivered(octets: 84, peer: Example.second, at: 1_000)
        writer.delivered(octets: 1_480, peer: Example.second, at: 2_000)
        let snapshot = counters.snapshot()
        #expect(snapshot.peers[1].delivered == 2)
        #expect(snapshot.peers[1].deliveredOctets == 1_564)
        #expect(snapshot.peers[1].lastDelivered == 2_000)
        #expect(snapshot.peers[0] == snapshot.interface)
    }

    @Test(arguments: Drop.allCases) func `a drop counts under its reason, for its peer or for none`(drop: Drop) {
        let counters = Counters(peerCount: 2)
        counters.writer.dropped(drop, peer: Example.first)
        counters.writer.dropped(drop, peer: Example.first)
        counters.writer.dropped(drop, peer: nil)
        let snapshot = counters.snapshot()
        #expect(snapshot.peers[0].drops == [drop: 2])
        #expect(snapshot.interface.drops == [drop: 1])
        #expect(snapshot.peers[1].drops.isEmpty)
        #expect(snapshot.received == 0 && snapshot.errors == 0 && snapshot.delivered == 0)
    }

    @Test func `what the interface counts alone does not touch a peer`() {
        let counters = Counters(peerCount: 1)
        counters.writer.received(64)
        counters.writer.received(0)
        counters.writer.count(.strayErrors)
        counters.writer.count(.datagrams, 3)
        let snapshot = counters.snapshot()
        #expect(snapshot.received == 64)
        #expect(snapshot[.strayErrors] == 1 && snapshot[.datagrams] == 3)
        #expect(snapshot.errors == 0)
        #expect(snapshot.peers[0] == Counters(peerCount: 1).snapshot().peers[0])
    }

    @Test(arguments: Counters.Tally.allCases) func `each tally is counted for itself`(tally: Counters.Tally) {
        let counters = Counters(peerCount: 1)
        counters.writer.count(tally)
        counters.writer.count(tally, 41)
        let snapshot = counters.snapshot()
        for other in Counters.Tally.allCases { #expect(snapshot[other] == (other == tally ? 42 : 0), "\(other)") }
        #expect(snapshot.dropped == 0)
        #expect(snapshot.peers[0] == Counters(peerCount: 1).snapshot().peers[0])
    }

    @Test func `an ICMP error counts for its peer and for the interface, and the last one is kept`() {
        let counters = Counters(peerCount: 2)
        counters.writer.error(7, peer: Example.first)
        counters.writer.error(8, peer: Example.second)
        counters.writer.error(9, peer: Example.second)
        let snapshot = counters.snapshot()
        #expect(snapshot.errors == 3 && snapshot.lastError == 9)
        #expect(snapshot.peers.map(\.errors) == [1, 2])
        #expect(snapshot.peers.map(\.lastError) == [7, 9])
        #expect(snapshot.interface.errors == 3 && snapshot.interface.lastError == 9)
        #expect(snapshot[.strayErrors] == 0 && snapshot.dropped == 0)
    }

    @Test func `no peers still leave the interface to count for`() {
        let counters = Counters(peerCount: 0)
        counters.writer.received(1)
        counters.writer.dropped(.notPeer, peer: nil)
        let snapshot = counters.snapshot()
        #expect(snapshot.peers.isEmpty)
        #expect(snapshot.received == snapshot.dropped)
    }

    @Test(arguments: [0, 1, 2, 3]) func `a snapshot has as many peers as were asked for`(slots: Int) {
        let counters = Counters(peerCount: 3)
        for peer in 0..<3 as Range<UInt32> { counters.writer.dropped(.noBuffers, peer: PeerIndex(rawValue: peer)) }
        counters.writer.dropped(.notPeer, peer: nil)
        counters.writer.received(4)
        let snapshot = counters.snapshot(slots: slots)
        #expect(snapshot.peers == Array(counters.snapshot().peers.prefix(slots)))
        #expect(snapshot.interface == counters.snapshot().interface)
        #expect(snapshot.received == 4 && snapshot.dropped == UInt64(1 + slots))
    }

    @Test func `more peers than there are counters for cannot be asked for`() async {
        await #expect(processExitsWith: .failure) { _ = Counters(peerCount: 1).snapshot(slots: 2) }
    }

    @Test func `a peer that is not in the table traps`() async {
        await #expect(processExitsWith: .failure) {
            let counters = Counters(peerCount: 1)
            counters.writer.dropped(.loop, peer: PeerIndex(rawValue: 1))
        }
    }

    @Test func `another thread sees numbers that only grow`() async {
        let counters = Counters(peerCount: 2)
        let writer = counters.writer
        let writing = Task.detached {
            for round in 1...20_000 as ClosedRange<UInt64> {
                writer.received(2)
                writer.delivered(octets: 100, peer: Example.second, at: round)
                writer.dropped(.innerSource, peer: Example.first)
            }
        }
        var previous = counters.snapshot()
        var grew = true
        repeat {
            let next = counters.snapshot()
            grew = grew && next.received >= previous.received && next.delivered >= previous.delivered
            grew = grew && next.dropped >= previous.dropped
            grew = grew && next.peers[1].deliveredOctets >= previous.peers[1].deliveredOctets
            grew = grew && next.peers[1].lastDelivered >= previous.peers[1].lastDelivered
            previous = next
            await Task.yield()
        } while previous.peers[0].dropped < 20_000
        await writing.value
        #expect(grew)
        let last = counters.snapshot()
        #expect(last.received == 40_000)
        #expect(last.delivered + last.dropped == last.received)
        #expect(last.peers[1].deliveredOctets == 2_000_000)
    }
}
