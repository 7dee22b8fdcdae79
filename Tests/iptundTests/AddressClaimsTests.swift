// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import iptund

@Suite struct AddressClaimsTests {
    private static let address = IPv4Address(192, 0, 2, 1)

    @Test func `what was heard is judged when the host was planned by it`() {
        var claims = AddressClaims()
        claims.hear(Self.address, slot: 3)
        claims.hear(IPv4Address(192, 0, 2, 2), slot: 3)
        #expect(claims.said == [3: IPv4Address(192, 0, 2, 2)])
        #expect(claims.judged == 0)
        claims.isPlanned()
        #expect(claims.judged == 2)
    }

    @Test func `another configuration counts on, and forgets whose the slots were`() {
        var claims = AddressClaims()
        claims.hear(Self.address, slot: 3)
        claims.isPlanned()
        var next = AddressClaims(following: claims)
        #expect(next.said.isEmpty)
        next.hear(Self.address, slot: 0)
        next.isPlanned()
        #expect(next.judged == 2)
    }

    @Test func `a message has room for some refusals`() {
        var claims = AddressClaims()
        #expect(claims.refusedForNews == nil)
        for slot in 0..<100 { claims.refused[slot] = String(repeating: "x", count: 10_000) }
        var news = KeeperNews()
        news.refused = claims.refusedForNews
        #expect(news.refused?.keys.sorted() == Array(0..<8))
        #expect(news.octets.count < KeeperNews.limit)
        #expect(KeeperNews(news.octets) == news)
    }
}
