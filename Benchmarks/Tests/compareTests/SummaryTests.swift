// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

@Suite struct SummaryTests {
    @Test func `no value has no summary`() { #expect(Summary([]) == nil) }

    @Test(arguments: [([3, 1, 2], 2), ([4, 1, 3, 2], 2.5), ([7], 7)] as [([Double], Double)])
    func `the median is in the middle, or between the middle two`(values: [Double], median: Double) {
        #expect(Summary(values)?.median == median)
        #expect(Summary(values)?.minimum == values.min())
        #expect(Summary(values)?.maximum == values.max())
    }

    @Test func `the spread is the largest value over the smallest`() { #expect(Summary([2, 5, 4])?.spread == 2.5) }

    @Test(arguments: [[5], [0, 1], [0, 0]] as [[Double]])
    func `one value has no spread, and a zero no finite one`(values: [Double]) {
        #expect(Summary(values)?.spread == nil)
    }

    @Test(arguments: [(50, 5), (99, 10), (100, 10), (10, 1), (11, 2), (0, 1)] as [(Double, Double)])
    func `a percentile is the nearest rank`(percent: Double, expected: Double) {
        #expect(Summary.percentile(percent, of: [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) == expected)
    }

    @Test func `ranges that touch are not apart`() throws {
        let low = try #require(Summary([1, 2])), touching = try #require(Summary([2, 3]))
        let high = try #require(Summary([2.1, 3]))
        #expect(!low.isApart(from: touching) && !touching.isApart(from: low))
        #expect(low.isApart(from: high) && high.isApart(from: low))
    }
}

@Suite struct PairedRatioTests {
    @Test func `ratios are taken within a round, then the median`() {
        let ours = subject("iptund", .tcp, [1, 2, 9]), theirs = subject("socat", .tcp, [1, 1, 3])
        #expect(PairedRatio.summary(.tcp, of: ours, to: theirs) == Summary([1, 2, 3]))
    }

    @Test func `a round that one of both lacks does not count`() {
        var ours = subject("iptund", .tcp, [4, 6, 8])
        ours.rounds[0].values = [:]
        #expect(PairedRatio.summary(.tcp, of: ours, to: subject("socat", .tcp, [2, 2])) == Summary([3]))
        #expect(PairedRatio.summary(.tcp, of: ours, to: subject("veth", .tcp, [])) == nil)
    }

    @Test func `nothing is divided by zero`() {
        let ours = subject("iptund", .tcp, [1]), theirs = subject("socat", .tcp, [0])
        #expect(PairedRatio.summary(.tcp, of: ours, to: theirs) == nil)
    }
}
