// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import Configuration

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("same", "same", 0), ("ab", "ba", 1),
        ("dwon", "down", 1), ("abcd", "badc", 2),
    ])
    func `the distance counts letters put in, taken out, changed, or swapped`(one: String, other: String, count: Int) {
        #expect(Suggestion.distance(one, other) == count)
        #expect(Suggestion.distance(other, one) == count)
    }

    @Test(arguments: [
        ("MTUU", "MTU"), ("adress", "Address"), ("Endpiont", "Endpoint"), ("allowedip", "AllowedIPs"),
        ("Allowed_IPs", "AllowedIPs"), ("mintll", "MinTTL"), ("kee", "Keepalive"),
    ])
    func `a slip and a beginning are recognised`(word: String, meant: String) {
        let names = Key.allCases.map(\.rawValue)
        #expect(Suggestion.nearest(to: word, in: names) == meant)
    }

    @Test(arguments: ["", "x", "PrivateKey", String(repeating: "MTU", count: 100)])
    func `where nothing comes near, everything is named`(word: String) {
        #expect(Suggestion.whatNow(word, in: ["MTU", "TTL"]) == "there are MTU, TTL")
    }
}
