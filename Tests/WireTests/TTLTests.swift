// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct TTLTests {
    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `every octet but 0 is a TTL to send with`(octet: UInt8) {
        #expect(TTL(rawValue: octet)?.rawValue == (octet == 0 ? nil : octet))
    }

    @Test func `the standard is 64 and the most is 255`() {
        #expect(TTL.standard == TTL(rawValue: 64))
        #expect(TTL.maximum == TTL(rawValue: 255))
    }
}
