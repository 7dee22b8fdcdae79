// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

/// The treatment of packets.
@Suite struct EntryPolicyTests {
    @Test func `each word of a choice has its value, and no other word`() throws {
        #expect(try ["set", "copy", "clear"].map { try Entry(.df, $0).fragmentation() } == [.set, .copy, .clear])
        #expect(try ["normal", "compatible"].map { try Entry(.ecn, $0).ecn() } == [.normal, .compatible])
        #expect(
            try ["encapsulate", "decapsulate"].map { try Entry(.only, $0).only() } == [.encapsulate, .decapsulate])
        for text in ["", "Set", "set ", "both", "1"] {
            let complaint = #expect(throws: Complaint.self) { try Entry(.df, text).fragmentation() }
            #expect(complaint?.description.hasPrefix("--df '\(text)': not one of set, copy, clear; ") == true)
            #expect(complaint?.exitCode == 2)
            #expect(throws: Complaint.self) { try Entry(.ecn, text).ecn() }
            #expect(throws: Complaint.self) { try Entry(.only, text).only() }
        }
    }

    @Test func `every DSCP of six bits is one`() throws {
        for number in 0...63 as ClosedRange<UInt8> { #expect(try Entry(.dscp, "\(number)").dscp() == .fixed(number)) }
        #expect(try Entry(.dscp, "inherit").dscp() == .inherit)
        for text in ["", "64", "-1", "0x2e", "ef", "+1", " 1"] {
            #expect(throws: Complaint.self) { try Entry(.dscp, text).dscp() }
        }
    }

    @Test func `every TTL but 0 is one`() throws {
        for number in 1...255 as ClosedRange<UInt8> {
            #expect(try Entry(.ttl, "\(number)").ttl() == .fixed(try #require(TTL(rawValue: number))))
        }
        #expect(try Entry(.ttl, "inherit").ttl() == .inherit)
    }

    @Test(arguments: ["", "0", "256", "-1", "+64", "Inherit", "64 "]) func `anything else is no TTL`(text: String) {
        let expected = Complaint.usage(
            "--ttl '\(text)'", why: "neither 1 to 255 nor 'inherit'", whatNow: "the default is 64")
        #expect(throws: expected) { try Entry(.ttl, text).ttl() }
    }

    @Test func `a minimum TTL is a number from 1 to 255`() throws {
        for number in 1...255 as ClosedRange<UInt8> {
            #expect(try Entry(.minimumTTL, "\(number)").minimumTTL() == number)
        }
        for text in ["", "0", "256", "inherit", "+255"] {
            #expect(throws: Complaint.self) { try Entry(.minimumTTL, text).minimumTTL() }
        }
    }

    @Test func `a clamp is off, auto, or a size that a connection can work with`() throws {
        #expect(try Entry(.segmentSizeClamp, "off").segmentSizeClamp() == .off)
        #expect(try Entry(.segmentSizeClamp, "auto").segmentSizeClamp() == .auto)
        for number in [88, 536, 1220, 1440, 65_475] as [UInt16] {
            #expect(try Entry(.segmentSizeClamp, "\(number)").segmentSizeClamp() == .fixed(number))
        }
        for text in ["", "0", "87", "65476", "on"] {
            #expect(throws: Complaint.self) { try Entry(.segmentSizeClamp, text).segmentSizeClamp() }
        }
    }

    /// What `--accept-from` means when it is given these texts.
    private func acceptance(_ texts: String...) throws(Complaint) -> Decapsulation.Acceptance {
        var draft = Draft()
        draft.interface = Entry.list(.acceptFrom, texts) + [Entry(.only, "decapsulate")]
        draft.peers = [Draft.PeerDraft(at: .flag)]
        draft.peers[0].entries = [Entry(.endpoint, "192.0.2.1")]
        return try Interpretation(draft).checked().policy.acceptance
    }

    @Test(
        arguments: [
            ("peers", .peers), ("any", .also([.all])), ("0.0.0.0/0", .also([.all])),
            ("192.0.2.1", .also([Prefix(host: IPv4Address(192, 0, 2, 1))])),
        ] as [(String, Decapsulation.Acceptance)])
    func `who is accepted is a word or prefixes, and reads back the same`(
        text: String, expected: Decapsulation.Acceptance
    ) throws {
        #expect(try acceptance(text) == expected)
        #expect(try acceptance(expected.description) == expected)
    }

    @Test func `several prefixes come by comma or by repetition`() throws {
        let expected = Decapsulation.Acceptance.also(["192.0.2.0/24", "198.51.100.0/24"].compactMap { Prefix($0) })
        #expect(try acceptance("192.0.2.0/24,198.51.100.0/24") == expected)
        #expect(try acceptance("192.0.2.0/24", "198.51.100.0/24") == expected)
        #expect(expected.description == "192.0.2.0/24,198.51.100.0/24")
        #expect(try acceptance("peers,192.0.2.0/24", "198.51.100.0/24") == expected)
        #expect(try acceptance("any,192.0.2.0/24") == .also([.all]))
    }

    @Test(arguments: ["", "nobody", "192.0.2.1/24", "b.example", "peers,peers"])
    func `anybody else is refused`(text: String) {
        let complaint = #expect(throws: Complaint.self) { try acceptance(text) }
        #expect(complaint?.what.hasPrefix("--accept-from '") == true)
    }
}
