// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import Configuration

@Suite struct KeyTests {
    @Test(arguments: Key.allCases) func `a key is found however its letters are capitalised`(key: Key) {
        #expect(Key(named: key.rawValue) == key)
        #expect(Key(named: key.rawValue.lowercased()) == key)
        #expect(Key(named: key.rawValue.uppercased()) == key)
        #expect(Key(named: key.rawValue + "s") == nil)
    }

    @Test func `no two keys share a flag`() {
        #expect(Set(Key.allCases.map(\.flag)).count == Key.allCases.count)
        #expect(Key.allCases.map(\.flagName).hasOnly { $0.hasOnly { $0.isLowercase || $0 == "-" } })
    }

    @Test(arguments: Key.allCases) func `every meaning is one sentence of one line`(key: Key) {
        #expect(key.meaning.hasSuffix(".") && !key.meaning.contains("\n") && key.meaning.count <= 90)
    }

    @Test func `sections too`() {
        #expect(Section(named: "INTERFACE") == .interface)
        #expect(Section(named: "peer") == .peer)
        #expect(Section(named: "peers") == nil)
    }
}
