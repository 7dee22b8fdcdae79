// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import Tunnel
import Wire

/// What the main thread does when the host changes, as often as it can, while a data thread works.
@Suite struct RuleHandoverTests {
    @Test func `rules of 10,000 peers change hands whole while somebody looks up, and each is freed`() async throws {
        let crowds = [Crowd(turn: 0), Crowd(turn: 1)]
        let tables = try crowds.map { try PeerTable($0.peers) }
        let census = Census()
        let handover = Handover<News>()
        let seen = Atomic(0)
        let giving = Task.detached {
            for number in 1...News.last {
                handover.give(News(number, tables[number % 2], Census.Member(census)))
                // Some are replaced unseen, but not nearly all.
                while number > seen.load(ordering: .relaxed) + 4 { await Task.yield() }
            }
        }
        var random = SplitMix64()
        var current: News?
        while seen.load(ordering: .relaxed) < News.last {
            if let news = handover.take() {
                try #require(news.number > seen.load(ordering: .relaxed))
                seen.store(news.number, ordering: .relaxed)
                current = news
            }
            if let current { try current.check(against: crowds[current.number % 2], &random) }
            await Task.yield()
        }
        await giving.value
        // All but the one in use are gone; so is that one in the end.
        #expect(census.living.load(ordering: .relaxed) == 1)
        current = nil
        #expect(census.living.load(ordering: .relaxed) == 0)
    }
}

/// Rules by which one can tell how often they were replaced.
private struct News: Sendable {
    static let last = 400

    let number: Int
    private let rules: RuleSet
    private let member: Census.Member

    init(_ number: Int, _ table: PeerTable, _ member: Census.Member) {
        self.number = number
        self.member = member
        rules = RuleSet(table: table, ownAddresses: [News.ours(number)])
    }

    /// Every answer must come from the same rules.
    func check(against crowd: Crowd, _ random: inout SplitMix64) throws {
        for _ in 0..<20 {
            let (address, place) = Crowd.address(&random)
            try #require(rules.table.peer(owning: address) == crowd.peer(place), "\(address), \(random.note)")
            try #require(rules.table.peer(at: Crowd.endpoint(place)) == crowd.peer(place), random.note)
        }
        try #require(rules.isOurs(News.ours(number)) && !rules.isOurs(News.ours(number - 1)))
    }

    private static func ours(_ number: Int) -> IPv4Address { IPv4Address(rawValue: 0xc0a8_0000 + UInt32(number)) }
}
