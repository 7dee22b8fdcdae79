// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

@Suite struct PathsTests {
    @Test func `no way takes more than an IPv4 packet can have`() {
        let paths = Paths(peerCount: 1)
        for octets in [65_535, 65_536, 1 << 30] {
            paths.view.setUnderlayMTU(octets, to: Example.first)
            #expect(paths.view.mtu(to: Example.first, at: 0) == 65_535)
        }
    }

    private let now = Example.now

    @Test func `a way of which nothing is known takes the longest packet there is`() {
        let paths = Paths(peerCount: 2)
        #expect(paths.view.mtu(to: Example.first, at: 0) == 65_535)
        #expect(paths.view.mtu(to: Example.second, at: now) == 65_535)
    }

    @Test func `the smaller of what the link takes and what was learned counts`() {
        let paths = Paths(peerCount: 1)
        paths.view.setUnderlayMTU(1_500, to: Example.first)
        #expect(paths.view.mtu(to: Example.first, at: now) == 1_500)
        paths.view.learn(1_400, to: Example.first, at: now)
        #expect(paths.view.mtu(to: Example.first, at: now) == 1_400)
        paths.view.setUnderlayMTU(1_300, to: Example.first)
        #expect(paths.view.mtu(to: Example.first, at: now) == 1_300)
        paths.view.setUnderlayMTU(9_000, to: Example.first)
        #expect(paths.view.mtu(to: Example.first, at: now) == 1_400)
    }

    @Test func `what was learned is forgotten after ten minutes, to the millisecond`() {
        let paths = Paths(peerCount: 1)
        paths.view.setUnderlayMTU(1_500, to: Example.first)
        paths.view.learn(1_400, to: Example.first, at: now)
        #expect(paths.view.mtu(to: Example.first, at: now + 599_999) == 1_400)
        #expect(paths.view.mtu(to: Example.first, at: now + 600_000) == 1_500)
    }

    @Test func `learning again starts the ten minutes again`() {
        let paths = Paths(peerCount: 1)
        paths.view.learn(1_400, to: Example.first, at: now)
        paths.view.learn(1_300, to: Example.first, at: now + 500_000)
        #expect(paths.view.mtu(to: Example.first, at: now + 1_099_999) == 1_300)
        #expect(paths.view.mtu(to: Example.first, at: now + 1_100_000) == 65_535)
    }

    @Test func `the longest packet and the longest uptime fit into a cell`() {
        let paths = Paths(peerCount: 1)
        // 8,900 years.
        let late: UInt64 = 1 << 48 - 1_000_000
        paths.view.learn(65_534, to: Example.first, at: late)
        #expect(paths.view.mtu(to: Example.first, at: late + 599_999) == 65_534)
        #expect(paths.view.mtu(to: Example.first, at: late + 600_000) == 65_535)
    }

    @Test func `of a peer that is another one now nothing is left, and of the others everything`() {
        let paths = Paths(peerCount: 2)
        for peer in [Example.first, Example.second] {
            paths.view.setUnderlayMTU(1_500, to: peer)
            paths.view.learn(1_400, to: peer, at: now)
            paths.view.noteTrouble(to: peer, at: now)
        }
        paths.view.forget(Example.first)
        #expect(paths.view.mtu(to: Example.first, at: now) == 65_535)
        #expect(!paths.view.takeTrouble(to: Example.first, at: now))
        paths.view.setUnderlayMTU(9_000, to: Example.first)
        #expect(paths.view.mtu(to: Example.first, at: now) == 9_000)
        #expect(paths.view.mtu(to: Example.second, at: now) == 1_400)
        #expect(paths.view.takeTrouble(to: Example.second, at: now))
    }

    @Test func `one thread may forget while others note and take: nothing is half of one and half of another`() async {
        let paths = Paths(peerCount: 1)
        let (view, now) = (paths.view, now)
        let noting = Task.detached {
            for round in 0..<20_000 {
                view.learn(round % 2 == 0 ? 1_400 : 600, to: Example.first, at: now + UInt64(round % 2))
                view.noteTrouble(to: Example.first, at: now)
            }
        }
        let taking = Task.detached {
            var seen: Set<Int> = []
            var told = 0
            for _ in 0..<20_000 {
                seen.insert(view.mtu(to: Example.first, at: now))
                if view.takeTrouble(to: Example.first, at: now) { told += 1 }
            }
            return (seen, told)
        }
        for _ in 0..<20_000 {
            view.setUnderlayMTU(1_500, to: Example.first)
            view.forget(Example.first)
        }
        await noting.value
        let (seen, told) = await taking.value
        #expect(seen.isSubset(of: [600, 1_400, 1_500, 65_535]) && told <= 20_000)
        paths.view.forget(Example.first)
        #expect(paths.view.mtu(to: Example.first, at: now) == 65_535)
        #expect(!paths.view.takeTrouble(to: Example.first, at: now))
    }

    @Test func `other peers are not touched`() {
        let paths = Paths(peerCount: 3)
        let third = PeerIndex(rawValue: 2)
        paths.view.setUnderlayMTU(1_500, to: Example.second)
        paths.view.learn(1_400, to: Example.second, at: now)
        paths.view.noteTrouble(to: Example.second, at: now)
        for peer in [Example.first, third] {
            #expect(paths.view.mtu(to: peer, at: now) == 65_535)
            #expect(!paths.view.takeTrouble(to: peer, at: now))
        }
        #expect(paths.view.takeTrouble(to: Example.second, at: now))
    }
}

/// Errors whose quote is too short: the next senders are told instead, one for each.
@Suite struct PathsTroubleTests {
    private let now = Example.now

    @Test(arguments: [0, 1, 2, 3, 100]) func `as many packets are told of trouble as there were errors`(count: Int) {
        let paths = Paths(peerCount: 1)
        for _ in 0..<count { paths.view.noteTrouble(to: Example.first, at: now) }
        let told = (0..<count + 5).filter { _ in paths.view.takeTrouble(to: Example.first, at: now) }
        #expect(told == Array(0..<count))
    }

    @Test func `trouble is over 30 s after the last error`() {
        let paths = Paths(peerCount: 1)
        paths.view.noteTrouble(to: Example.first, at: now)
        paths.view.noteTrouble(to: Example.first, at: now + 10_000)
        paths.view.noteTrouble(to: Example.first, at: now + 10_000)
        #expect(paths.view.takeTrouble(to: Example.first, at: now + 39_999))
        #expect(!paths.view.takeTrouble(to: Example.first, at: now + 40_000))
        // It does not come back, whatever the clock says.
        #expect(!paths.view.takeTrouble(to: Example.first, at: now))
    }

    @Test func `after old trouble counting starts again`() {
        let paths = Paths(peerCount: 1)
        for _ in 0..<5 { paths.view.noteTrouble(to: Example.first, at: now) }
        paths.view.noteTrouble(to: Example.first, at: now + 30_000)
        #expect(paths.view.takeTrouble(to: Example.first, at: now + 30_000))
        #expect(!paths.view.takeTrouble(to: Example.first, at: now + 30_000))
    }

    @Test func `no number of errors spoils the count`() {
        let paths = Paths(peerCount: 1)
        for _ in 0..<70_000 { paths.view.noteTrouble(to: Example.first, at: now) }
        let told = (0..<70_000).count { _ in paths.view.takeTrouble(to: Example.first, at: now) }
        #expect(told == 65_535)
    }

    @Test func `one thread may note while another takes: no more are told than there were errors`() async {
        let paths = Paths(peerCount: 1)
        let (view, now) = (paths.view, now)
        let noting = Task.detached {
            for _ in 0..<20_000 { view.noteTrouble(to: Example.first, at: now) }
        }
        var told = 0
        for _ in 0..<20_000 where view.takeTrouble(to: Example.first, at: now) { told += 1 }
        await noting.value
        while paths.view.takeTrouble(to: Example.first, at: now) { told += 1 }
        #expect(told > 0 && told <= 20_000)
    }
}
