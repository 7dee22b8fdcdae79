// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing
import Tunnel
@testable import iptund

@Suite struct StatusLineTests {
    static let roster = Roster([.sample("192.0.2.1")], local: nil)
    static let other = Roster([.sample("192.0.2.2")], local: nil)

    @Test func `while nothing changes there is nothing to send, and nothing to wake up for`() {
        var status = StatusLine()
        #expect(status.first(Self.roster, at: 100) == "to 192.0.2.1")
        #expect(status.dueAt == nil)
        #expect(status.next(Self.roster, at: 1_000_000) == nil)
        status.note([:])
        #expect(status.dueAt == nil)
    }

    @Test func `numbers are sent every five seconds while they change`() {
        var status = StatusLine()
        _ = status.first(Self.roster, at: 0)
        var sent: [UInt64: String] = [:]
        for second in 1...12 as ClosedRange<UInt64> {
            status.note([.notPeer: second])
            sent[second] = status.next(Self.roster, at: second * 1_000)
        }
        #expect(
            sent == [
                5: "to 192.0.2.1; 5 dropped (not-peer 5)", 10: "to 192.0.2.1; 10 dropped (not-peer 10)",
            ])
        #expect(status.dueAt == 15_000)
        #expect(status.next(Self.roster, at: 15_000) == "to 192.0.2.1; 12 dropped (not-peer 12)")
        #expect(status.dueAt == nil)
    }

    @Test func `news are sent at once, but not more often than every second`() {
        var status = StatusLine()
        _ = status.first(Self.roster, at: 0)
        status.note([.notPeer: 1])
        status.note()
        status.note([.notPeer: 2])
        #expect(status.next(Self.other, at: 999) == nil)
        #expect(status.next(Self.other, at: 1_000) == "to 192.0.2.2; 2 dropped (not-peer 2)")
        status.note()
        #expect(status.dueAt == 2_000)
        status.note()
        #expect(status.next(Self.roster, at: 9_000) == "to 192.0.2.1; 2 dropped (not-peer 2)")
    }

    @Test func `what changed and changed back is not sent`() {
        var status = StatusLine()
        _ = status.first(Self.roster, at: 0)
        status.note()
        #expect(status.next(Self.roster, at: 5_000) == nil)
        #expect(status.dueAt == nil)
    }
}
