// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tunnel

@Suite struct SearchTreeTests {
    @Test func `a single number is the first that is not below any other`() {
        let tree = SearchTree([.max])
        for number in [0, 1, 0x7fff_ffff, 0x8000_0000, .max - 1, .max] as [UInt32] {
            #expect(tree.position(of: number) == 0)
        }
    }

    @Test func `every size up to three levels is searched like by hand`() throws {
        var random = SplitMix64()
        for count in Array(1...70) + [255, 256, 257, 258, 271, 272, 273, 511, 512, 513] {
            try check(random.ascending(count), random.note)
        }
    }

    @Test(arguments: [4_095, 4_096, 4_097, 4_113]) func `so is what just fills a level, and what just does not`(
        count: Int
    ) throws {
        var random = SplitMix64()
        try check(random.ascending(count), random.note)
    }

    @Test(arguments: [4, 5, 16, 17, 256, 257]) func `neighbours are told apart at both ends and in the middle`(
        count: UInt32
    ) throws {
        try check((0..<count).map { $0 } + [.max])
        try check((0..<count).reversed().map { .max - $0 })
        // In the middle the sign changes, as the processor sees it.
        try check((0..<count).map { 0x8000_0000 - count / 2 + $0 } + [.max])
    }

    @Test(arguments: 0..<32 as Range<UInt32>) func `numbers may be far apart on one side and close on the other`(
        bit: UInt32
    ) throws {
        try check(Set((0...bit).map { 1 << $0 } + [.max]).sorted())
        try check(Set((0...bit).map { ~(1 << $0) } + [.max]).sorted())
    }

    /// Asks for each of the numbers, and for what is next to it.
    private func check(_ numbers: [UInt32], _ note: Comment? = nil) throws {
        let tree = SearchTree(numbers)
        for (place, number) in numbers.enumerated() {
            let before = place == 0 ? nil : numbers[place - 1]
            try #require(tree.position(of: number) == place, note)
            if number < .max { try #require(tree.position(of: number + 1) == place + 1, note) }
            if number > 0, number - 1 != before { try #require(tree.position(of: number - 1) == place, note) }
        }
        try #require(tree.position(of: 0) == 0, note)
    }
}

extension SplitMix64 {
    /// That many different numbers, of which the last is the highest.
    fileprivate mutating func ascending(_ count: Int) -> [UInt32] {
        var numbers: Set<UInt32> = [.max]
        while numbers.count < count { numbers.insert(UInt32(truncatingIfNeeded: next())) }
        return numbers.sorted()
    }
}
