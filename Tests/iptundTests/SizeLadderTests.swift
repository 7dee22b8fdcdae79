// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing

@testable import iptund

@Suite struct SizeLadderTests {
    /// Climbs where packets up to `passing` octets are answered; each time `lose` says so, a packet is lost.
    private func climb(
        _ passing: Int, limit: Int = 1480, lose: (Int) -> Bool = { _ in false }
    ) -> (result: Int, packets: Int) {
        var round = LadderRound(SizeLadder(smallest: 84, limit: limit))
        var packets = 0
        round.advance()
        while let lengths = round.lengths {
            packets += lengths.count
            for length in lengths where length <= passing && !lose(packets) { round.ladder.passed(length) }
            round.advance()
            guard packets < 1000 else { break }
        }
        return (round.ladder.result.largest, packets)
    }

    @Test(arguments: [84, 85, 500, 1000, 1379, 1380, 1381, 1478, 1479, 1480]) func `the longest that passes is found`(
        passing: Int
    ) {
        #expect(climb(passing).result == passing)
        #expect(climb(passing).packets < 80)
    }

    @Test func `where all that the device takes passes, one packet is enough`() {
        #expect(climb(1480).packets == 1)
        #expect(climb(65_000, limit: 65_000).packets == 1)
    }

    @Test func `a packet that is lost once changes nothing`() {
        var lost = Set<Int>()
        let once: (Int) -> Bool = { packets in packets % 3 == 0 && lost.insert(packets).inserted }
        #expect(climb(1400, lose: once).result <= 1400)
        var isFirst = true
        let first: (Int) -> Bool = { _ in
            defer { isFirst = false }
            return isFirst
        }
        #expect(climb(1480, lose: first).result == 1480)
    }

    @Test func `what ICMP says is kept, the least of it`() {
        var ladder = SizeLadder(smallest: 84, limit: 1480)
        ladder.told(1400)
        ladder.told(1420)
        #expect(ladder.result.told == 1400)
    }

    @Test func `a device that takes less than an ordinary question is no trouble`() {
        #expect(climb(68, limit: 68).result == 68)
    }
}
