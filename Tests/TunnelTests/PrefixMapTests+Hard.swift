// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

/// Sets of prefixes that somebody chose to be hard.
@Suite struct HardPrefixMapTests {
    @Test(arguments: [0, 1, 0x7fff_ffff, 0x8000_0000, .max - 1, .max] as [UInt32])
    func `prefixes of every length around one address nest 33 deep`(raw: UInt32) throws {
        var random = SplitMix64()
        let address = IPv4Address(rawValue: raw)
        let prefixes = (0...32).shuffled(using: &random).compactMap { Prefix(address, length: $0) }
        let reference = TablesByLength(prefixes)
        let map = PrefixMap(prefixes.numbered)
        for probe in prefixes.flatMap(\.edges) {
            try #require(map.peer(owning: probe)?.rawValue == reference.owner(of: probe), "\(probe), \(random.note)")
        }
        #expect(map.peer(owning: address) == PeerIndex(rawValue: UInt32(prefixes.firstIndex { $0.length == 32 } ?? 99)))
    }

    @Test func `hosts at both ends of the address space are held, with everything around them and without`() throws {
        for others in [[], [Prefix.all], [Prefix.all, try Example.prefix("128.0.0.0/1")]] {
            for distances in [0..<1, 0..<2, 0..<3, 0..<40] as [Range<UInt32>] {
                let hosts = distances.flatMap { [IPv4Address(rawValue: $0), IPv4Address(rawValue: .max - $0)] }
                try check(others + hosts.map(Prefix.init(host:)))
            }
        }
    }

    @Test func `adjacent blocks that leave no gap each own theirs`() throws {
        var random = SplitMix64()
        for count in [2, 4, 5, 16, 17, 1_000] {
            var blocks = [Prefix.all]
            while blocks.count < count {
                let block = blocks.remove(at: Int.random(in: 0..<blocks.count, using: &random))
                let halves = [block.address, block.last].compactMap { Prefix($0, length: block.length + 1) }
                blocks += halves.isEmpty ? [block] : halves
            }
            let map = PrefixMap(blocks.numbered)
            for (owner, block) in blocks.enumerated() {
                for address in [block.address, block.last] {
                    try #require(map.peer(owning: address)?.rawValue == UInt32(owner), "\(block) \(random.note)")
                }
            }
            try check(blocks, random.note)
        }
    }

    @Test(arguments: [1, 5, 60, 700]) func `every single address of a crowded block is searched like on a painted wall`(
        count: Int
    ) throws {
        var random = SplitMix64()
        let base = UInt32(truncatingIfNeeded: random.next()) & ~0xfff
        let block = try #require(Prefix(IPv4Address(rawValue: base), length: 20))
        let numbered = random.prefixes(count, in: block).numbered
        var wall = [UInt32?](repeating: nil, count: 0x1000)
        for (prefix, peer) in numbered.sorted(by: { $0.prefix.length < $1.prefix.length }) {
            for raw in prefix.address.rawValue...prefix.last.rawValue { wall[Int(raw - base)] = peer.rawValue }
        }
        let map = PrefixMap(numbered)
        for (place, owner) in wall.enumerated() {
            let address = IPv4Address(rawValue: base + UInt32(place))
            try #require(map.peer(owning: address)?.rawValue == owner, "\(address), \(random.note)")
        }
    }

    @Test(arguments: [8, 12, 15]) func `100,000 prefixes in one block are searched like 33 tables by length`(
        around: Int
    ) throws {
        var random = SplitMix64()
        let block = try #require(Prefix(random.address(), length: around))
        try check([.all] + random.prefixes(99_999, in: block), probing: 300, random.note)
    }

    /// Compares the map with the tables, at the edges of some of the prefixes.
    private func check(_ prefixes: [Prefix], probing count: Int = .max, _ note: Comment? = nil) throws {
        let reference = TablesByLength(prefixes)
        let map = PrefixMap(prefixes.numbered)
        for address in prefixes.prefix(count).flatMap(\.edges) {
            try #require(map.peer(owning: address)?.rawValue == reference.owner(of: address), note)
        }
    }
}

/// Longest-prefix match as one explains it: is it in the table of hosts? In that of /31? And so on.
private struct TablesByLength {
    private var owners: [Prefix: UInt32] = [:]

    init(_ prefixes: [Prefix]) {
        for (prefix, peer) in prefixes.numbered { owners[prefix] = peer.rawValue }
    }

    func owner(of address: IPv4Address) -> UInt32? {
        (0...32).reversed().lazy.compactMap { Prefix(address, length: $0).flatMap { owners[$0] } }.first
    }
}

extension [Prefix] {
    /// Each belongs to the peer of its place.
    fileprivate var numbered: [(prefix: Prefix, peer: PeerIndex)] {
        enumerated().map { ($0.element, PeerIndex(rawValue: UInt32($0.offset))) }
    }
}

extension SplitMix64 {
    /// That many different prefixes inside of a block, of every length that it has room for.
    fileprivate mutating func prefixes(_ count: Int, in block: Prefix) -> [Prefix] {
        var seen: Set<Prefix> = []
        // Not in the order of the set, which is another in every process.
        var prefixes: [Prefix] = []
        while prefixes.count < count {
            let address = UInt32.random(in: block.address.rawValue...block.last.rawValue, using: &self)
            let length = Int.random(in: block.length + 1...32, using: &self)
            guard let prefix = Prefix(IPv4Address(rawValue: address), length: length), seen.insert(prefix).inserted
            else { continue }
            prefixes.append(prefix)
        }
        return prefixes
    }
}
