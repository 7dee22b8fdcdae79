// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import iptund

/// All that the daemon can make its keeper do.
@Suite struct KeeperMessageTests {
    @Test(
        arguments: [
            (.begin, [1, 0, 0, 0, 0, 0, 0, 0, 0]), (.end, [3, 0, 0, 0, 0, 0, 0, 0, 0]),
            (.address(IPv4Address(192, 0, 2, 7), slot: 258), [2, 0, 0, 1, 2, 192, 0, 2, 7]),
        ] as [(KeeperMessage, [UInt8])])
    func `there are three messages, of nine octets each`(message: KeeperMessage, octets: [UInt8]) {
        #expect(message.octets == octets)
        #expect(KeeperMessage(octets) == message)
    }

    @Test(
        arguments: [
            [], [1], [1, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0],
            [4, 0, 0, 0, 0, 0, 0, 0, 0], [255, 255, 255, 255, 255, 255, 255, 255, 255],
            // What has no slot and no address has none.
            [1, 0, 0, 0, 1, 0, 0, 0, 0], [3, 0, 0, 0, 0, 192, 0, 2, 1],
            // A slot that no tunnel has, and addresses that no single host has.
            [2, 255, 0, 0, 0, 192, 0, 2, 1], [2, 0, 0, 0, 0, 127, 0, 0, 1],
            [2, 0, 0, 0, 0, 224, 0, 0, 5], [2, 0, 0, 0, 0, 255, 255, 255, 255],
        ] as [[UInt8]])
    func `everything else is none`(octets: [UInt8]) {
        #expect(KeeperMessage(octets) == nil)
    }

    @Test func `of all messages that there can be only those are taken that say the same when they are written again`()
    {
        var random = SplitMix64()
        for _ in 1...100_000 {
            var octets = (0..<9).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            octets[0] = UInt8.random(in: 0...4, using: &random)
            if Bool.random(using: &random) { octets.replaceSubrange(1...8, with: [0, 0, 0, 0, 0, 0, 0, 0]) }
            guard let message = KeeperMessage(octets) else { continue }
            guard message.octets == octets else {
                Issue.record("\(random.note): \(octets)")
                return
            }
        }
    }

    @Test func `news say how often something was mended, and what is wrong, in a message that fits`() {
        for news in [KeeperNews(), KeeperNews(repairs: .max, problem: "a")] { #expect(KeeperNews(news.octets) == news) }
        let long = KeeperNews(problem: String(repeating: "\"", count: 9_000))
        #expect(long.octets.count < KeeperNews.limit)
        #expect(KeeperNews(long.octets)?.problem?.count == 1_000)
        for octets in [[], Array("{}".utf8), Array("null".utf8)] as [[UInt8]] { #expect(KeeperNews(octets) == nil) }
    }
}
