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

    /// RFC 6040 §4.2, figure 4: "(!)" is unexpected, "(!!!)" dangerous. The sixteenth combination is dropped.
    static let remarks: [(inner: ECN, outer: ECN, remark: PacketSlot.Remark?)] = [
        (.notECT, .notECT, nil), (.notECT, .ect0, .dangerousECN), (.notECT, .ect1, .dangerousECN),
        (.ect0, .notECT, nil), (.ect0, .ect0, nil), (.ect0, .ect1, nil), (.ect0, .ce, nil),
        (.ect1, .notECT, nil), (.ect1, .ect0, .unexpectedECN), (.ect1, .ect1, nil), (.ect1, .ce, nil),
        (.ce, .notECT, nil), (.ce, .ect0, nil), (.ce, .ect1, .dangerousECN), (.ce, .ce, nil),
    ]

    @Test(arguments: remarks)
    func `what is odd and goes on is remarked as figure 4 marks it`(
        inner: ECN, outer: ECN, remark: PacketSlot.Remark?
    ) {
        #expect(inner.remark(under: outer) == remark)
        #expect(inner.decapsulated(under: outer) != nil)
    }

    @Test func `the table of remarks has every combination but the one that drops, which is no remark`() {
        #expect(Set(ECNTests.remarks.map { $0.inner.rawValue << 2 | $0.outer.rawValue }).count == 15)
        #expect(ECN.notECT.remark(under: .ce) == nil)
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
