// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import Linux
import Testing
import Wire

/// A table that is made, found, replaced and removed, as `nft` sees it.
@Suite(.needsRoot) struct EgressFilterTests {
    private static func range(_ first: UInt32, _ last: UInt32) -> AddressRange {
        AddressRange(UInt128(first), UInt128(last))
    }

    /// 10.0.0.0-10.0.0.255, 10.2.0.0, and 203.0.113.0 to the end.
    private static let ranges = [
        range(0x0a00_0000, 0x0a00_00ff), range(0x0a02_0000, 0x0a02_0000), range(0xcb00_7100, 0xffff_ffff),
    ]
    private static let filter = EgressFilter("iptund-x", .ipv4, link: "iptun0", mark: .standard, destinations: ranges)
    /// fe80:: and 2000::/3.
    private static let six = EgressFilter(
        "iptund-x", .ipv6, link: "iptun0",
        destinations: [
            AddressRange(0xfe80 << 112, 0xfe80 << 112), AddressRange(0x2000 << 112, (0x4000 << 112) - 1),
        ].reversed())

    /// What `body` returns in a network of its own, with a session that knows filters.
    private static func inNetwork<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing Netlink) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            let netlink = try Netlink(hasFilters: true)
            return try body(netlink)
        }
    }

    private static func isThere(_ presence: EgressFilter.Presence, _ filter: EgressFilter) -> Bool {
        if case .ours(filter.content, _) = presence { true } else { false }
    }

    @Test func `nft lists the table as it is meant`() throws {
        let lines = try Self.inNetwork { netlink in
            try netlink.place(Self.filter)
            try netlink.place(Self.six)
            return try shell("nft -n list ruleset").split(separator: "\n").map { String($0.drop { $0 == "\t" }) }
        }
        #expect(
            lines == [
                "table ip iptund-x {", "comment \"kill switch of iptund\"", "chain out {",
                "type filter hook postrouting priority -450; policy accept;",
                "oifname != \"iptun0\" oifname != \"lo\" meta mark & 0x00003fff != 0x00001994 ip daddr { 10.0.0.0/24, 10.2.0.0, "
                    + "203.0.113.0-255.255.255.255 } counter packets 0 bytes 0 drop comment \"\(Self.filter.fingerprint)\"",
                "}", "}", "table ip6 iptund-x {", "comment \"kill switch of iptund\"", "chain out {",
                "type filter hook postrouting priority -450; policy accept;",
                "oifname != \"iptun0\" oifname != \"lo\" ip6 daddr { 2000::/3, fe80:: } counter packets 0 bytes 0 drop "
                    + "comment \"\(Self.six.fingerprint)\"",
                "}", "}",
            ])
    }

    @Test func `it is found as it was made, is replaced in one step, and removed alone`() throws {
        try Self.inNetwork { netlink in
            try shell("nft add table ip other")
            let next = EgressFilter("iptund-x", .ipv4, link: "iptun1", destinations: [Self.ranges[0]])
            #expect(try netlink.egressFilter("iptund-x", .ipv4) == .absent)
            try netlink.place(Self.filter)
            #expect(try Self.isThere(netlink.egressFilter("iptund-x", .ipv4), Self.filter))
            #expect(try netlink.egressFilter("iptund-x", .ipv6) == .absent)
            try netlink.place(next)
            #expect(try Self.isThere(netlink.egressFilter("iptund-x", .ipv4), next))
            #expect(try netlink.removeEgressFilter("iptund-x", .ipv4))
            #expect(try !netlink.removeEgressFilter("iptund-x", .ipv4))
            #expect(try shell("nft list ruleset") == "table ip other {\n}\n")
        }
    }

    @Test func `without anything to drop it is a table all the same`() throws {
        try Self.inNetwork { netlink in
            let idle = EgressFilter("iptund-x", .ipv4, link: "iptun0", destinations: [])
            try netlink.place(idle)
            #expect(try Self.isThere(netlink.egressFilter("iptund-x", .ipv4), idle))
            #expect(try !Self.isThere(netlink.egressFilter("iptund-x", .ipv4), Self.filter))
        }
    }

    @Test(arguments: [
        "flush table ip iptund-x", "flush chain ip iptund-x out", "add table ip iptund-x { flags dormant; }",
        "insert rule ip iptund-x out accept", "add rule ip iptund-x out accept",
        "delete rule ip iptund-x out handle 3; add rule ip iptund-x out accept",
        "flush table ip iptund-x; delete chain ip iptund-x out",
    ])
    func `what another program changes of it is seen, and made good`(command: String) throws {
        try Self.inNetwork { netlink in
            try netlink.place(Self.filter)
            let rule = try shell("nft -a list chain ip iptund-x out").split(separator: "\n").first {
                $0.contains("drop")
            }
            let handle = try #require(rule?.split(separator: " ").last)
            try shell("nft '\(command.replacing("handle 3", with: "handle \(handle)"))'")
            #expect(try !Self.isThere(netlink.egressFilter("iptund-x", .ipv4), Self.filter))
            #expect(try netlink.egressFilter("iptund-x", .ipv4) != .foreign)
            try netlink.place(Self.filter)
            #expect(try Self.isThere(netlink.egressFilter("iptund-x", .ipv4), Self.filter))
        }
    }

    @Test func `the set cannot be changed by others`() throws {
        try Self.inNetwork { netlink in
            try netlink.place(Self.filter)
            #expect(throws: (any Error).self) { try shell("nft flush set ip iptund-x __set0") }
            #expect(throws: (any Error).self) { try shell("nft delete element ip iptund-x __set0 '{ 10.2.0.0 }'") }
            #expect(try Self.isThere(netlink.egressFilter("iptund-x", .ipv4), Self.filter))
        }
    }

    @Test func `a table of this name that another program made is left alone`() throws {
        try Self.inNetwork { netlink in
            try shell(
                "nft 'table ip iptund-x { comment \"mine\"; chain out { type filter hook output priority 0; }; }'")
            let before = try shell("nft list ruleset")
            #expect(try netlink.egressFilter("iptund-x", .ipv4) == .foreign)
            #expect(thrown { () throws(Errno) in try netlink.place(Self.filter) } == .exists)
            #expect(try !netlink.removeEgressFilter("iptund-x", .ipv4))
            #expect(try shell("nft list ruleset") == before)
        }
    }

    @Test func `trying it out changes nothing, and says whether it would work`() throws {
        try Self.inNetwork { netlink in
            try netlink.tryOut(Self.filter)
            #expect(try shell("nft list ruleset").isEmpty)
            let tooLong = EgressFilter(
                String(repeating: "x", count: 300), .ipv4, link: "iptun0", destinations: Self.ranges)
            #expect(thrown { () throws(Errno) in try netlink.tryOut(tooLong) } != nil)
            try netlink.place(Self.filter)
            try netlink.tryOut(Self.filter)
            #expect(try Self.isThere(netlink.egressFilter("iptund-x", .ipv4), Self.filter))
        }
    }

    @Test func `what it dropped goes on to be counted when it is replaced`() throws {
        try Self.inNetwork { netlink in
            try shell("ip link set lo up; ip link add left type veth peer name right; ip link set right up")
            try shell("ip address add 10.0.0.1/24 dev left; ip link set left up; ip route add default via 10.0.0.7")
            try shell("ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev left")
            try netlink.place(Self.filter)
            for _ in 1...3 { try send(to: "203.0.113.9") }
            try send(to: "198.51.100.1")
            guard case .ours(_, let count) = try netlink.egressFilter("iptund-x", .ipv4) else {
                Issue.record("it is gone")
                return
            }
            #expect(count.packets == 3)
            try netlink.place(EgressFilter("iptund-x", .ipv4, link: "iptun1", destinations: Self.ranges))
            try send(to: "203.0.113.9")
            guard case .ours(_, let later) = try netlink.egressFilter("iptund-x", .ipv4) else {
                Issue.record("it is gone")
                return
            }
            #expect(later.packets == 4)
        }
    }

    @Test func `it may be about very many ranges`() throws {
        try Self.inNetwork { netlink in
            let many = (0..<UInt32(30_000)).map { Self.range($0 << 12, $0 << 12 | 7) }
            let filter = EgressFilter("iptund-x", .ipv4, link: "iptun0", mark: PacketMark(1), destinations: many)
            try netlink.place(filter)
            try netlink.place(filter)
            #expect(try Self.isThere(netlink.egressFilter("iptund-x", .ipv4), filter))
        }
    }

    @Test func `a session that did not ask for filters has none`() throws {
        let netlink = try Netlink()
        #expect(thrown { () throws(Errno) in _ = try netlink.egressFilter("iptund-x", .ipv4) } == .protocolNotSupported)
    }

    @Test(arguments: ["", "1", "1-", "-1", "2-1", "1-2-3", "g-h", "1-100000000000000000000000000000000"])
    func `a range that cannot be is not read`(text: String) {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([AddressRange].self, from: Data("[\"\(text)\"]".utf8))
        }
    }

    @Test func `ranges are read as they were written`() throws {
        let ranges = Self.ranges + Self.six.destinations + [AddressRange(0, .max)]
        #expect(try JSONDecoder().decode([AddressRange].self, from: JSONEncoder().encode(ranges)) == ranges)
    }

    @Test func `contents that differ have other fingerprints`() {
        let filters = [
            Self.filter, EgressFilter("iptund-x", .ipv4, link: "iptun1", mark: .standard, destinations: Self.ranges),
            EgressFilter("iptund-x", .ipv4, link: "iptun0", destinations: Self.ranges),
            EgressFilter(
                "iptund-x", .ipv4, link: "iptun0", mark: .standard, destinations: Array(Self.ranges.dropLast())),
            Self.six,
        ]
        #expect(Set(filters.map(\.fingerprint)).count == filters.count)
    }
}

/// Sends a datagram, which may be dropped.
private func send(to address: String) throws { try shell("bash -c 'echo > /dev/udp/\(address)/9' 2>/dev/null || true") }
