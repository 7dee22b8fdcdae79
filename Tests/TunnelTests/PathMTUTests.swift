// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tunnel

/// V5: what a claim that anybody can forge may do.
@Suite struct PathMTUTests {
    /// RFC 1191 §7.1, with how long the shortest packet is that each is tried after.
    static let plateaus: [(length: Int, plateau: Int)] = [
        (69, 68), (297, 296), (509, 508), (1_007, 1_006), (1_493, 1_492), (2_003, 2_002), (4_353, 4_352),
        (8_167, 8_166), (17_915, 17_914), (32_001, 32_000),
    ]

    @Test(arguments: plateaus) func `a router that says 0 means the next plateau below what it refused`(
        length: Int, plateau: Int
    ) {
        #expect(PathMTU.plateau(below: length) == plateau)
        #expect(PathMTU.plateau(below: length + 1) == plateau)
        // A packet of just that length went through there: it is the next one down.
        let below = PathMTUTests.plateaus.last { $0.plateau < plateau }?.plateau ?? 68
        #expect(PathMTU.plateau(below: length - 1) == below)
        #expect(PathMTU.judge(claim: 0, aboutLength: length, current: 65_535) == max(plateau, 552))
    }

    @Test func `every length has a plateau below it that does not fall under the floor`() throws {
        var plateau = 68
        for length in 0...65_535 {
            if let next = PathMTUTests.plateaus.first(where: { $0.length == length }) { plateau = next.plateau }
            try #require(PathMTU.plateau(below: length) == plateau, "\(length)")
            let believed = PathMTU.judge(claim: 0, aboutLength: length, current: 65_535)
            try #require(believed == (plateau < 552 ? 552 : plateau), "\(length)")
        }
    }

    @Test(arguments: [552, 553, 1_280, 1_300, 1_500]) func `a claim lowers the path MTU, but not below 552`(
        current: Int
    ) {
        for claim in 1...1_500 {
            let judged = PathMTU.judge(claim: UInt16(claim), aboutLength: 1_500, current: current)
            if claim >= current || current == 552 {
                #expect(judged == nil, "\(claim)")
            } else {
                #expect(judged == (claim < 552 ? 552 : claim), "\(claim)")
            }
        }
    }

    @Test func `no claim raises a path MTU that is below the floor by itself`() {
        for claim in [0, 1, 100, 299, 300, 301, 552, 1_500, 65_535] as [UInt16] {
            #expect(PathMTU.judge(claim: claim, aboutLength: 300, current: 300) == nil)
        }
    }

    @Test func `believing a claim twice changes nothing more`() {
        #expect(PathMTU.judge(claim: 1_400, aboutLength: 1_500, current: 1_500) == 1_400)
        #expect(PathMTU.judge(claim: 1_400, aboutLength: 1_500, current: 1_400) == nil)
    }
}
