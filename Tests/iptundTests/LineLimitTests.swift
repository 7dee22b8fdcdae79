// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct LineLimitTests {
    @Test(arguments: [(0, 0, nil), (9, 9, nil), (10, 10, nil), (11, 10, 1), (5_000, 10, 4_990)] as [(Int, Int, Int?)])
    func `ten lines are written, and the rest is counted`(count: Int, written: Int, rest: Int?) {
        var limit = LineLimit()
        var lines = 0
        for _ in 0..<count where limit.allow() { lines += 1 }
        #expect(lines == written)
        #expect(limit.rest == rest)
    }
}
