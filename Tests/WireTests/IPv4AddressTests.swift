// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct IPv4AddressTests {
    @Test func `octets are written most significant first`() {
        #expect(IPv4Address(192, 0, 2, 1).rawValue == 0xc000_0201)
        #expect(IPv4Address(192, 0, 2, 1).description == "192.0.2.1")
        #expect(IPv4Address.unspecified.description == "0.0.0.0")
    }

    @Test func `what is printed can be read again`() throws {
        var random = SplitMix64()
        let ends = [IPv4Address.unspecified, IPv4Address(rawValue: .max)]
        for address in ends + (0..<1_000).map({ _ in random.address() }) {
            try #require(IPv4Address(address.description) == address, random.note)
        }
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `every octet can stand at every place`(octet: UInt8) {
        #expect(IPv4Address("\(octet).1.2.3") == IPv4Address(octet, 1, 2, 3))
        #expect(IPv4Address("1.\(octet).2.3") == IPv4Address(1, octet, 2, 3))
        #expect(IPv4Address("1.2.\(octet).3") == IPv4Address(1, 2, octet, 3))
        #expect(IPv4Address("1.2.3.\(octet)") == IPv4Address(1, 2, 3, octet))
    }

    @Test(arguments: [
        "", ".", "...", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.1000", "-1.2.3.4",
        "+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1.2.3.a", "0x1.2.3.4", "1,2,3,4", "١.2.3.4", "1.2.3.4\u{301}",
        "1.2.3.4\0",
    ])
    func `anything but four decimal octets is refused`(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test(arguments: ["01.2.3.4", "1.2.3.04", "1.00.3.4", "1.2.3.000"])
    func `a leading zero is refused, for half of the world reads it as octal`(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test func `addresses sort as numbers`() {
        let sorted = [IPv4Address(200, 0, 0, 0), IPv4Address(9, 255, 0, 0), IPv4Address(10, 0, 0, 1)].sorted()
        #expect(sorted.map(\.description) == ["9.255.0.0", "10.0.0.1", "200.0.0.0"])
    }
}

/// The blocks of RFC 6890 that decide what is a martian.
@Suite struct IPv4AddressBlockTests {
    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `the first octet decides the block`(first: UInt8) {
        for address in [IPv4Address(first, 0, 0, 0), IPv4Address(first, 1, 2, 3), IPv4Address(first, 255, 255, 255)] {
            #expect(address.isThisNetwork == (first == 0))
            #expect(address.isLoopback == (first == 127))
            #expect(address.isMulticast == (224...239).contains(first))
            #expect(address.isReserved == (240...255).contains(first))
            #expect(address.isUnicast == ((1...126).contains(first) || (128...223).contains(first)))
        }
    }

    @Test func `the groups of the link are 224.0.0.0 to 224.0.0.255, all of them multicast`() {
        for last in 0...255 as ClosedRange<UInt8> {
            let address = IPv4Address(224, 0, 0, last)
            #expect(address.isLinkLocalGroup && address.isMulticast)
        }
        for address in [
            IPv4Address(223, 255, 255, 255), IPv4Address(224, 0, 1, 0), IPv4Address(224, 1, 0, 0),
            IPv4Address(225, 0, 0, 1), IPv4Address(239, 0, 0, 1), IPv4Address(0, 0, 0, 1), IPv4Address(255, 0, 0, 1),
        ] {
            #expect(!address.isLinkLocalGroup, "\(address)")
        }
    }
}
