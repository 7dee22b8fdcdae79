// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@testable import iptund

struct SendingWatchTests {
    /// The counters of one peer after so many packets.
    private func entries(delivered: UInt64, _ drops: [Drop: UInt64]) -> [Counters.Entry] {
        let counters = Counters(peerCount: 1)
        let peer = PeerIndex(rawValue: 0)
        for _ in 0..<delivered { counters.writer.delivered(octets: 100, peer: peer, at: 1) }
        for (drop, count) in drops { for _ in 0..<count { counters.writer.dropped(drop, peer: peer) } }
        return counters.snapshot().peers
    }

    @Test(arguments: [Drop.forbidden, .unreachable, .sendFailed])
    func `a peer to which only refusals have grown fails until a packet is sent`(drop: Drop) {
        var watch = SendingWatch()
        watch.look(entries(delivered: 5, [:]))
        #expect(watch.problem(0) == nil)
        watch.look(entries(delivered: 5, [drop: 2]))
        #expect(watch.problem(0)?.contains("\(drop.name)") == true)
        // Without traffic nothing new is known.
        watch.look(entries(delivered: 5, [drop: 2]))
        #expect(watch.problem(0) != nil)
        watch.look(entries(delivered: 6, [drop: 2]))
        #expect(watch.problem(0) == nil)
    }

    @Test
    func `a peer to which some packets are sent does not fail, nor one whose packets are dropped for another reason`() {
        var watch = SendingWatch()
        watch.look(entries(delivered: 0, [:]))
        watch.look(entries(delivered: 1, [.forbidden: 9]))
        #expect(watch.problem(0) == nil)
        watch.look(entries(delivered: 1, [.forbidden: 9, .fragmentationNeeded: 9]))
        #expect(watch.problem(0) == nil)
    }

    @Test func `a slot that another peer takes starts anew`() {
        var watch = SendingWatch()
        watch.look(entries(delivered: 0, [.forbidden: 1]))
        #expect(watch.problem(0) != nil)
        watch.forget(0)
        #expect(watch.problem(0) == nil)
    }

    @Test func `an ICMP error says for ten seconds that packets are refused`() {
        var watch = SendingWatch()
        watch.look(errors: [0], at: 1_000)
        #expect(!watch.isRefused(0, at: 1_000))
        watch.look(errors: [3], at: 2_000)
        #expect(watch.isRefused(0, at: 11_999) && !watch.isRefused(0, at: 12_000))
        // No more of them came.
        watch.look(errors: [3], at: 20_000)
        #expect(!watch.isRefused(0, at: 20_000))
    }
}
