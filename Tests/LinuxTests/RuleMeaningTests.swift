// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire

/// What rules of others do with an outer packet, by what `ip rule` makes of their text.
@Suite(.needsRoot) struct RuleMeaningTests {
    private static let flow = RuleMeaning.Flow(
        to: IPv4Address(192, 0, 2, 1), from: IPv4Address(10, 0, 0, 1), mark: 0x1994, ipProtocol: 4, user: 990)

    private func meaning(_ text: String) throws -> RuleMeaning {
        let rules = try inFreshNetwork {
            try shell("ip rule add priority 77 \(text)")
            return try Netlink().rules()
        }
        return try #require(rules.first { $0.priority == 77 }).meaning
    }

    @Test(
        arguments: [
            ("lookup 9", true), ("from 10.0.0.0/8 lookup 9", true), ("from 10.0.0.2 lookup 9", false),
            ("to 192.0.2.0/24 lookup 9", true), ("to 192.0.3.0/24 lookup 9", false), ("iif lo lookup 9", true),
            ("iif eth0 lookup 9", false), ("oif eth0 lookup 9", false), ("not oif eth0 lookup 9", true),
            ("fwmark 0x1994 lookup 9", true), ("fwmark 0x90/0xff lookup 9", false), ("fwmark 0x94/0xff lookup 9", true),
            ("not fwmark 0x1994 lookup 9", false), ("ipproto 4 lookup 9", true), ("ipproto udp lookup 9", false),
            ("ipproto udp dport 53 lookup 9", false), ("tos 0x10 lookup 9", false), ("uidrange 990-991 lookup 9", true),
            ("uidrange 0-0 lookup 9", false), ("not from all lookup 9", false),
        ] as [(String, Bool)]) func `a rule is about an outer packet, or it is not`(text: String, isAbout: Bool) throws
    {
        let meaning = try meaning(text)
        #expect(meaning.fits(Self.flow) == isAbout)
        #expect(meaning.action == .table(9))
    }

    @Test(
        arguments: [
            ("goto 32766", .goto(32_766)), ("blackhole", .nowhere), ("unreachable", .nowhere), ("prohibit", .nowhere),
            ("nop", .next),
            ("lookup main suppress_prefixlength 8", .table(254)),
        ] as [(String, RuleMeaning.Action)]) func `what becomes of it is known`(
            text: String, action: RuleMeaning.Action
        ) throws
    {
        let meaning = try meaning(text)
        #expect(meaning.action == action)
        #expect(meaning.suppressPrefixLength == (text.contains("suppress") ? 8 : nil))
    }
}
