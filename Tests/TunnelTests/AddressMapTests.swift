// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

@Suite struct AddressMapTests {
    @Test func `an empty map knows nobody`() {
        let map = AddressMap([])
        #expect(map.peer(at: .unspecified) == nil)
        #expect(map.peer(at: IPv4Address(192, 0, 2, 1)) == nil)
        #expect(map.peer(at: IPv4Address(rawValue: .max)) == nil)
    }

    @Test func `a peer is found by its endpoint and by nothing near it`() {
        let map = AddressMap([IPv4Address(192, 0, 2, 1)])
        #expect(map.peer(at: IPv4Address(192, 0, 2, 1))?.rawValue == 0)
        #expect(map.peer(at: IPv4Address(192, 0, 2, 2)) == nil)
        #expect(map.peer(at: IPv4Address(192, 0, 3, 1)) == nil)
        #expect(map.contains(IPv4Address(192, 0, 2, 1)))
        #expect(!map.contains(IPv4Address(192, 0, 2, 2)) && !map.contains(.unspecified))
    }

    @Test func `0.0.0.0 is no peer, whatever the map holds`() {
        #expect(AddressMap([IPv4Address(rawValue: 1), IPv4Address(rawValue: 2)]).peer(at: .unspecified) == nil)
    }

    @Test func `0.0.0.0 keeps its place, however often it occurs, and the others keep theirs`() {
        let map = AddressMap([.unspecified, IPv4Address(192, 0, 2, 1), .unspecified, IPv4Address(192, 0, 2, 3)])
        #expect(map.peer(at: IPv4Address(192, 0, 2, 1))?.rawValue == 1)
        #expect(map.peer(at: IPv4Address(192, 0, 2, 3))?.rawValue == 3)
        #expect(!map.contains(.unspecified))
    }

    @Test func `random endpoints are found like in a dictionary`() throws {
        var random = SplitMix64()
        for count in [1, 2, 3, 4, 5, 255, 256, 257] + (0..<20).map({ _ in Int.random(in: 1...400, using: &random) }) {
            try check(Set((0..<count).map { _ in random.address() }), &random)
        }
    }

    @Test func `neighbours and equal low octets are found like in a dictionary`() throws {
        var random = SplitMix64()
        let start = UInt32(truncatingIfNeeded: random.next())
        try check(Set((0..<500).map { IPv4Address(rawValue: start &+ $0) }), &random)
        try check(Set((0..<500).map { IPv4Address(rawValue: start &+ $0 << 16) }), &random)
        try check(Set((0..<32).map { IPv4Address(rawValue: 1 << $0) }), &random)
    }

    private func check(_ addresses: Set<IPv4Address>, _ random: inout SplitMix64) throws {
        let endpoints = addresses.subtracting([.unspecified]).shuffled(using: &random)
        let map = AddressMap(endpoints)
        let expected = Dictionary(uniqueKeysWithValues: zip(endpoints, (0 as UInt32)...))
        let strangers = (0..<100).map { _ in random.address() }
        let neighbours = endpoints.prefix(100).map { IPv4Address(rawValue: $0.rawValue ^ 1) }
        for address in endpoints + strangers + neighbours + [.unspecified, IPv4Address(rawValue: .max)] {
            try #require(map.peer(at: address)?.rawValue == expected[address], "\(address), \(random.note)")
        }
    }
}
