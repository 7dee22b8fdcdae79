// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct ECNTests {
    /// RFC 6040 §4.2, figure 4; `nil` is the one combination that drops.
    static let decapsulation: [(inner: ECN, outer: ECN, result: ECN?)] = [
        (.notECT, .notECT, .notECT), (.notECT, .ect0, .notECT), (.notECT, .ect1, .notECT), (.notECT, .ce, nil),
        (.ect0, .notECT, .ect0), (.ect0, .ect0, .ect0), (.ect0, .ect1, .ect1), (.ect0, .ce, .ce),
        (.ect1, .notECT, .ect1), (.ect1, .ect0, .ect1), (.ect1, .ect1, .ect1), (.ect1, .ce, .ce),
        (.ce, .notECT, .ce), (.ce, .ect0, .ce), (.ce, .ect1, .ce), (.ce, .ce, .ce),
    ]

    @Test(arguments: decapsulation)
    func `decapsulation follows figure 4 of RFC 6040`(inner: ECN, outer: ECN, result: ECN?) {
        #expect(inner.decapsulated(under: outer) == result)
    }

    @Test func `the table above is complete`() {
        #expect(Set(ECNTests.decapsulation.map { $0.inner.rawValue << 2 | $0.outer.rawValue }).count == 16)
    }

    @Test func `outer CE over inner Not-ECT is the only combination that drops`() {
        for inner in ECN.allCases {
            for outer in ECN.allCases {
                #expect((inner.decapsulated(under: outer) == nil) == (inner == .notECT && outer == .ce))
            }
        }
    }

    @Test(arguments: ECN.allCases) func `normal mode copies all four codepoints outward`(ecn: ECN) {
        #expect(ecn.encapsulated == ecn)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `the DSCP does not matter`(trafficClass: UInt8) {
        #expect(ECN(trafficClass: trafficClass).rawValue == trafficClass & 0b11)
    }

    @Test func `codepoint 1 is binary 01 and codepoint 0 is binary 10`() {
        #expect(ECN.ect1.rawValue == 0b01)
        #expect(ECN.ect0.rawValue == 0b10)
    }
}
