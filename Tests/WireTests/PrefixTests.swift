// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct PrefixTests {
    @Test(arguments: 0...32) func `a prefix holds 2^(32 - length) addresses, from host bits 0 to host bits 1`(
        length: Int
    ) throws {
        var random = SplitMix64()
        let address = random.address()
        let prefix = try #require(Prefix(address, length: length))
        let (first, last) = (UInt64(prefix.address.rawValue), UInt64(prefix.last.rawValue))
        #expect(last - first + 1 == 1 << UInt64(32 - length), random.note)
        #expect(first.isMultiple(of: 1 << UInt64(32 - length)), random.note)
        #expect(prefix.contains(address), random.note)
        #expect(prefix.contains(prefix.address) && prefix.contains(prefix.last), random.note)
        if first > 0 { #expect(!prefix.contains(IPv4Address(rawValue: UInt32(first - 1))), random.note) }
        if last < UInt32.max { #expect(!prefix.contains(IPv4Address(rawValue: UInt32(last + 1))), random.note) }
    }

    @Test(arguments: [Int.min, -1, 33, 64, Int.max]) func `there is no such length`(length: Int) {
        #expect(Prefix(.unspecified, length: length) == nil)
    }

    @Test func `host bits are cleared, so that equal blocks are equal values`() throws {
        let (left, right) = (Prefix("10.1.2.3/8"), Prefix("10.0.0.0/8"))
        #expect(left == right)
        #expect(try #require(left).description == "10.0.0.0/8")
        #expect(Prefix("10.0.0.0/8") != Prefix("10.0.0.0/9"))
    }

    @Test func `0.0.0.0 slash 0 holds every address`() {
        #expect(Prefix.all.description == "0.0.0.0/0")
        #expect(Prefix.all.contains(.unspecified))
        #expect(Prefix.all.contains(IPv4Address(rawValue: .max)))
        #expect(Prefix.all.last.rawValue == .max)
    }

    @Test func `a bare address is a block of one`() throws {
        let prefix = try #require(Prefix("192.0.2.7"))
        #expect(prefix == Prefix(host: IPv4Address(192, 0, 2, 7)))
        #expect(prefix.length == 32)
        #expect(prefix.description == "192.0.2.7/32")
    }

    @Test(arguments: 0...32) func `what is printed can be read again`(length: Int) throws {
        var random = SplitMix64()
        for _ in 0..<20 {
            let prefix = try #require(Prefix(random.address(), length: length))
            try #require(Prefix(prefix.description) == prefix, random.note)
        }
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/ 8",
        "10.0.0.0 /8", "10.0.0.0/8 ", "10.0.0.0/008", "10.0.0.0/a", "10.0.0/8", "10.0.0.0/٨", "10.0.0.0/255.0.0.0",
        "010.0.0.0/8", "10.0.0.0/99999999999999999999",
    ])
    func `anything but an address, a slash and a length is refused`(text: String) {
        #expect(Prefix(text) == nil)
    }

    @Test func `a length is one or two digits, 0 to 32`() {
        for length in 0...32 { #expect(Prefix.length("\(length)") == length) }
        for text in ["33", "99", "100", "", "-1", "+1", "1.0", " 1", "0x8"] { #expect(Prefix.length(text) == nil) }
    }
}
