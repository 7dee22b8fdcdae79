// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

@Suite struct PolicyArgumentsTests {
    /// Whether it is refused as wrong usage, in words that repeat what was written.
    private func isRefused<Value>(_ text: String, _ read: (String) throws -> Value) -> Bool {
        do {
            _ = try read(text)
            return false
        } catch {
            guard let complaint = error as? Complaint else { return false }
            return complaint.exitCode == 2 && complaint.what.contains(text)
        }
    }

    @Test func `each word of a choice has its value, and no other word`() throws {
        #expect(try ["set", "copy", "clear"].map { try Arguments.fragmentation($0) } == [.set, .copy, .clear])
        #expect(try ["normal", "compatible"].map { try Arguments.ecn($0) } == [.normal, .compatible])
        #expect(try ["encapsulate", "decapsulate"].map { try Arguments.only($0) } == [.encapsulate, .decapsulate])
        for text in ["", "Set", "set ", "both", "1"] {
            #expect(isRefused(text) { try Arguments.fragmentation($0) })
            #expect(isRefused(text) { try Arguments.ecn($0) })
            #expect(isRefused(text) { try Arguments.only($0) })
        }
    }

    @Test func `every DSCP of six bits is one`() throws {
        for number in 0...63 as ClosedRange<UInt8> { #expect(try Arguments.dscp("\(number)") == .fixed(number)) }
        #expect(try Arguments.dscp("inherit") == .inherit)
        for text in ["", "64", "-1", "0x2e", "ef", "+1", " 1"] { #expect(isRefused(text) { try Arguments.dscp($0) }) }
    }

    @Test func `a minimum TTL is a number from 1 to 255`() throws {
        for number in 1...255 as ClosedRange<UInt8> { #expect(try Arguments.minimumTTL("\(number)") == number) }
        for text in ["", "0", "256", "inherit", "+255"] { #expect(isRefused(text) { try Arguments.minimumTTL($0) }) }
    }

    @Test func `a clamp is off, auto, or a size that a connection can work with`() throws {
        #expect(try Arguments.segmentSizeClamp("off") == .off)
        #expect(try Arguments.segmentSizeClamp("auto") == .auto)
        for number in [88, 536, 1220, 1440, 65_475] as [UInt16] {
            #expect(try Arguments.segmentSizeClamp("\(number)") == .fixed(number))
        }
        for text in ["", "0", "87", "65476", "on"] { #expect(isRefused(text) { try Arguments.segmentSizeClamp($0) }) }
    }

    @Test(
        arguments: [
            (["peers"], .peers), (["any"], .also([.all])), (["0.0.0.0/0"], .also([.all])),
            (["192.0.2.1"], .also([Prefix(host: IPv4Address(192, 0, 2, 1))])),
        ] as [([String], Decapsulation.Acceptance)])
    func `who is accepted is a word or prefixes, and reads back the same`(
        texts: [String], acceptance: Decapsulation.Acceptance
    ) throws {
        #expect(try Arguments.acceptance(texts) == acceptance)
        #expect(try Arguments.acceptance([acceptance.description]) == acceptance)
    }

    @Test func `several prefixes come by comma or by repetition`() throws {
        let expected = Decapsulation.Acceptance.also(["192.0.2.0/24", "198.51.100.0/24"].compactMap { Prefix($0) })
        #expect(try Arguments.acceptance(["192.0.2.0/24,198.51.100.0/24"]) == expected)
        #expect(try Arguments.acceptance(["192.0.2.0/24", "198.51.100.0/24"]) == expected)
        #expect(expected.description == "192.0.2.0/24,198.51.100.0/24")
        #expect(try Arguments.acceptance(["peers,192.0.2.0/24", "198.51.100.0/24"]) == expected)
        #expect(try Arguments.acceptance(["any,192.0.2.0/24"]) == .also([.all]))
    }

    @Test(arguments: ["", "nobody", "192.0.2.1/24", "b.example", "peers,peers"]) func `anybody else is refused`(
        text: String
    ) {
        #expect(throws: Complaint.self) { try Arguments.acceptance([text]) }
    }
}
