// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct ICMPReportTests {
    @Test func `the number holds type, code, MTU and offender, most significant first`() {
        let report = ICMPReport(type: 3, code: 4, nextHopMTU: 1_400, offender: IPv4Address(192, 0, 2, 1))
        #expect(report.encoded == 0x0304_0578_c000_0201)
        #expect(ICMPReport(encoded: 0x0304_0578_c000_0201) == report)
    }

    @Test func `a report without an MTU has 0 there`() {
        #expect(ICMPReport(type: 3, code: 1, offender: .unspecified).nextHopMTU == 0)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `every type and code comes back, with the largest and smallest of the rest`(type: UInt8) {
        for code in 0...255 as ClosedRange<UInt8> {
            for (mtu, address) in [(0, 0), (.max, .max), (0, .max), (.max, 0)] as [(UInt16, UInt32)] {
                let report = ICMPReport(
                    type: type, code: code, nextHopMTU: mtu, offender: IPv4Address(rawValue: address))
                let isNothing = type == 0 && code == 0 && mtu == 0 && address == 0
                if ICMPReport(encoded: report.encoded) != (isNothing ? nil : report) { Issue.record("\(report)") }
            }
        }
    }

    @Test func `every number but 0 comes back as itself`() throws {
        var random = SplitMix64()
        for _ in 0..<2_000 {
            let number = random.next()
            try #require(ICMPReport(encoded: number)?.encoded == (number == 0 ? nil : number), random.note)
        }
        #expect(ICMPReport(encoded: 0) == nil)
    }

    @Test func `no error of RFC 792 is encoded as 0`() {
        for type in [3, 4, 5, 11, 12] as [UInt8] {
            #expect(ICMPReport(type: type, code: 0, offender: .unspecified).encoded != 0)
        }
    }
}
