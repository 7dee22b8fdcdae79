// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct InterfaceAddressTests {
    @Test func `an address and a length are one block`() throws {
        let address = try #require(InterfaceAddress("10.0.0.1/24"))
        #expect(address.address == IPv4Address(10, 0, 0, 1))
        #expect(address.prefixLength == 24)
        #expect(address.peer == nil)
    }

    @Test func `an address without a length is a block of one`() {
        #expect(InterfaceAddress("10.0.0.1") == InterfaceAddress(IPv4Address(10, 0, 0, 1), prefixLength: 32))
    }

    @Test func `the length belongs to the peer when there is one`() throws {
        let address = try #require(InterfaceAddress("10.0.0.1 peer 10.9.0.2/30"))
        #expect(address.address == IPv4Address(10, 0, 0, 1))
        #expect(address.peer == IPv4Address(10, 9, 0, 2))
        #expect(address.prefixLength == 30)
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1/32"), ("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.1/24", "10.0.0.1/24"),
        ("10.0.0.1 peer 10.0.0.2", "10.0.0.1 peer 10.0.0.2/32"),
        ("  10.0.0.1\tpeer  10.0.0.2/31 ", "10.0.0.1 peer 10.0.0.2/31"),
        ("10.0.0.1 peer 10.0.0.1/24", "10.0.0.1/24"),
    ])
    func `what is printed reads back as the same address`(text: String, printed: String) {
        let address = InterfaceAddress(text)
        #expect(address?.description == printed)
        #expect(InterfaceAddress(printed) == address)
    }

    @Test(arguments: [
        "", " ", "10.0.0", "10.0.0.1/33", "10.0.0.1/", "/24", "10.0.0.1/24/8", "10.0.0.1/+8", "10.0.0.1 /24", "peer",
        "10.0.0.1 peer", "10.0.0.1/24 peer 10.0.0.2", "10.0.0.1 via 10.0.0.2", "10.0.0.1 10.0.0.2", "::1/128",
        "10.0.0.1 peer 10.0.0.2 peer 10.0.0.3",
    ])
    func `anything else is refused`(text: String) {
        #expect(InterfaceAddress(text) == nil)
    }

    @Test(
        arguments: [
            ("10.0.0.1/24", "10.0.0.0/24"), ("10.0.0.1/31", "10.0.0.0/31"), ("10.0.0.1/32", nil), ("10.0.0.1", nil),
            ("10.0.0.1 peer 10.0.0.2", "10.0.0.2/32"), ("10.0.0.1 peer 10.1.0.2/16", "10.1.0.0/16"),
            ("10.0.0.1/0", "0.0.0.0/0"),
        ] as [(String, String?)])
    func `an address brings a route with it, but for a lonely one`(text: String, connected: String?) throws {
        #expect(try #require(InterfaceAddress(text)).connected?.description == connected)
    }

    @Test(arguments: [-1, 33]) func `a length outside 0 to 32 is refused`(length: Int) {
        #expect(InterfaceAddress(IPv4Address(10, 0, 0, 1), prefixLength: length) == nil)
    }
}
