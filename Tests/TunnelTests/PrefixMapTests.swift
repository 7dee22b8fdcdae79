// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

@Suite struct PrefixMapTests {
    @Test func `the longest prefix wins, and after it the one around it goes on`() throws {
        let map = PrefixMap(try entries("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32"))
        let expected: [(String, UInt32)] = [
            ("0.0.0.0", 0), ("9.255.255.255", 0), ("10.0.0.0", 1), ("10.0.255.255", 1), ("10.1.0.0", 2),
            ("10.1.1.255", 2), ("10.1.2.0", 3), ("10.1.2.2", 3), ("10.1.2.3", 4), ("10.1.2.4", 3), ("10.1.2.255", 3),
            ("10.1.3.0", 2), ("10.1.255.255", 2), ("10.2.0.0", 1), ("10.255.255.255", 1), ("11.0.0.0", 0),
            ("255.255.255.255", 0),
        ]
        for (address, owner) in expected {
            #expect(try map.peer(owning: #require(IPv4Address(address)))?.rawValue == owner, "\(address)")
        }
    }

    @Test func `an address in no prefix is nobody's`() throws {
        let map = PrefixMap(try entries("10.0.0.0/8", "255.255.255.255/32"))
        #expect(map.peer(owning: IPv4Address(9, 255, 255, 255)) == nil)
        #expect(map.peer(owning: IPv4Address(11, 0, 0, 0)) == nil)
        #expect(map.peer(owning: IPv4Address(255, 255, 255, 254)) == nil)
        #expect(map.peer(owning: IPv4Address(255, 255, 255, 255))?.rawValue == 1)
        #expect(PrefixMap([]).peer(owning: .unspecified) == nil)
    }

    @Test func `blocks that begin or end together nest too`() throws {
        let map = PrefixMap(
            try entries("128.0.0.0/1", "128.0.0.0/2", "255.0.0.0/8", "255.255.255.255/32", "0.0.0.0/32"))
        let expected: [(IPv4Address, UInt32?)] = [
            (IPv4Address(0, 0, 0, 0), 4), (IPv4Address(0, 0, 0, 1), nil), (IPv4Address(127, 255, 255, 255), nil),
            (IPv4Address(128, 0, 0, 0), 1), (IPv4Address(192, 0, 0, 0), 0), (IPv4Address(254, 0, 0, 0), 0),
            (IPv4Address(255, 0, 0, 0), 2), (IPv4Address(255, 255, 255, 255), 3),
        ]
        for (address, owner) in expected { #expect(map.peer(owning: address)?.rawValue == owner, "\(address)") }
    }

    @Test(arguments: 0...32) func `one prefix of any length owns its addresses and no other`(length: Int) throws {
        var random = SplitMix64()
        let prefix = try #require(Prefix(random.address(), length: length))
        let map = PrefixMap([(prefix, PeerIndex(rawValue: 0))])
        for address in prefix.edges {
            #expect((map.peer(owning: address) != nil) == prefix.contains(address), "\(prefix) \(random.note)")
        }
    }

    @Test func `random nested prefixes are searched like by hand`() throws {
        var random = SplitMix64()
        for count in [1, 2, 3, 300] + (0..<20).map({ _ in Int.random(in: 1...120, using: &random) }) {
            let prefixes = random.nestedPrefixes(count)
            let map = PrefixMap(numbered(prefixes))
            let probes = (0..<60).flatMap { _ in prefixes.randomElement(using: &random)?.edges ?? [] }
            for address in probes + (0..<20).map({ _ in random.address() }) {
                var longest: (owner: Int, length: Int)?
                for (owner, prefix) in prefixes.enumerated() where prefix.contains(address) {
                    if prefix.length > longest?.length ?? -1 { longest = (owner, prefix.length) }
                }
                let found = map.peer(owning: address).map { Int($0.rawValue) }
                try #require(found == longest?.owner, "\(address) in \(prefixes), \(random.note)")
            }
        }
    }

    @Test func `100,000 prefixes are searched like 33 tables by length`() throws {
        var random = SplitMix64()
        var owners: [Prefix: UInt32] = [:]
        while owners.count < 100_000 {
            let address = IPv4Address(rawValue: UInt32(truncatingIfNeeded: random.next()))
            guard let prefix = Prefix(address, length: 12 + Int(random.next() % 21)) else { continue }
            if owners[prefix] == nil { owners[prefix] = UInt32(owners.count) }
        }
        let map = PrefixMap(owners.map { ($0.key, PeerIndex(rawValue: $0.value)) })
        for prefix in owners.keys.prefix(200) {
            for address in prefix.edges {
                let longest = (0...32).reversed().lazy.compactMap { Prefix(address, length: $0).flatMap { owners[$0] } }
                try #require(map.peer(owning: address)?.rawValue == longest.first, "\(address), \(random.note)")
            }
        }
    }

    private func entries(_ texts: String...) throws -> [(prefix: Prefix, peer: PeerIndex)] {
        numbered(try texts.map { try #require(Prefix($0)) })
    }

    private func numbered(_ prefixes: [Prefix]) -> [(prefix: Prefix, peer: PeerIndex)] {
        prefixes.enumerated().map { ($0.element, PeerIndex(rawValue: UInt32($0.offset))) }
    }
}

extension Prefix {
    /// The addresses where an off-by-one would show.
    var edges: [IPv4Address] {
        [address.rawValue, last.rawValue].flatMap { [$0 &- 1, $0, $0 &+ 1].map(IPv4Address.init(rawValue:)) }
    }
}

extension SplitMix64 {
    /// Different prefixes, most of them inside of an earlier one.
    fileprivate mutating func nestedPrefixes(_ count: Int) -> [Prefix] {
        var prefixes: [Prefix] = []
        while prefixes.count < count {
            let around = Int.random(in: 0..<4, using: &self) == 0 ? nil : prefixes.randomElement(using: &self)
            let (base, length) = (around?.address.rawValue ?? 0, around?.length ?? 0)
            let free: UInt32 = length == 0 ? .max : ~(UInt32.max << UInt32(32 - length))
            // All zeros and all ones make blocks that share an edge with the block around them.
            let patterns: [UInt32] = [0, .max, UInt32(truncatingIfNeeded: next())]
            let bits = patterns[Int(next() % 3)]
            let address = IPv4Address(rawValue: base | bits & free)
            guard let prefix = Prefix(address, length: Int.random(in: length...32, using: &self)) else { continue }
            if !prefixes.contains(prefix) { prefixes.append(prefix) }
        }
        return prefixes
    }
}
