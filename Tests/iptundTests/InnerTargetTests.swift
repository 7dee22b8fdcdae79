// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

@testable import iptund

@Suite struct InnerTargetTests {
    private static let endpoint = IPv4Address(192, 0, 2, 2)

    private func choose(_ allowed: String, ends: [IPv4Address] = [], named: IPv4Address? = nil) -> PeerProbe.Target? {
        InnerTarget.choose(
            named: named, otherEnds: ends, allowed: allowed.split(separator: " ").compactMap { Prefix($0) },
            endpoint: Self.endpoint)
    }

    @Test func `an address that somebody named goes first, then the other end of the device`() {
        let (end, named) = (IPv4Address(10, 9, 0, 2), IPv4Address(10, 9, 0, 7))
        #expect(choose("10.9.0.0/24", ends: [end], named: named) == .init(named, .named))
        #expect(choose("10.9.0.0/24", ends: [end]) == .init(end, .named))
        #expect(choose("0.0.0.0/0", ends: [end]) == .init(end, .named))
        #expect(choose("10.8.0.3/32", ends: [end]) == .init(IPv4Address(10, 8, 0, 3), .only))
    }

    @Test(
        arguments: [
            ("10.1.0.0/16 10.2.3.4/32", "10.2.3.4", .only), ("10.1.0.0/16 10.2.3.0/24", "10.2.3.1", .guessed),
            ("10.2.3.4/32 10.2.3.5/32", "10.2.3.4", .guessed), ("10.2.3.4/31", "10.2.3.4", .guessed),
            ("0.0.0.0/0", "192.0.2.2", .outer),
        ] as [(String, String, PeerProbe.Target.Origin)])
    func `else one of its own`(allowed: String, address: String, origin: PeerProbe.Target.Origin) throws {
        #expect(choose(allowed) == .init(try #require(IPv4Address(address)), origin))
    }

    @Test func `a peer without any has none`() { #expect(choose("") == nil) }
}
