// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
import Wire

/// Octets written as hex digits.
///
/// `#` starts a comment that ends with the line, so that every field can be named.
func hex(_ text: String) -> [UInt8] {
    let digits = text.split(separator: "\n").flatMap { line in line.prefix { $0 != "#" }.compactMap(\.hexDigitValue) }
    precondition(digits.count.isMultiple(of: 2), "an octet has two digits")
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// A copy of the octets of a span, which `#expect` can print.
func octets(_ span: RawSpan) -> [UInt8] {
    unsafe span.withUnsafeBytes { unsafe Array($0) }
}

/// The one's complement sum of 16-bit words as RFC 1071 §1 defines it: one word at a time, nothing clever.
func naiveSum(_ bytes: some Sequence<UInt8>) -> UInt16 {
    var sum: UInt32 = 0
    var isHigh = true
    for byte in bytes {
        sum += isHigh ? UInt32(byte) << 8 : UInt32(byte)
        isHigh.toggle()
        if sum > 0xffff_0000 { sum = sum & 0xffff + sum >> 16 }
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return UInt16(sum)
}

/// Whether two one's complement numbers are the same: 0 and 0xffff are both zero.
func isSameSum(_ left: UInt16, _ right: UInt16) -> Bool { left % 0xffff == right % 0xffff }

/// Random numbers that can be had again: `IPTUND_TEST_SEED=42 swift test` (Steele, Lea, Flood: SplitMix64, 2014).
struct SplitMix64: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    /// Starts from the seed in the environment, or from a new one.
    init() {
        let given = ProcessInfo.processInfo.environment["IPTUND_TEST_SEED"].flatMap { UInt64($0) }
        seed = given ?? UInt64.random(in: 0 ... .max)
        state = seed
    }

    /// Starts from `seed`.
    init(seed: UInt64) { (self.seed, state) = (seed, seed) }

    /// What to say when a test fails.
    var note: Comment { "again with IPTUND_TEST_SEED=\(seed)" }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// That many random octets.
    mutating func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 7)
        while result.count < count {
            let word = next()
            for shift in 0..<8 { result.append(UInt8(truncatingIfNeeded: word >> UInt64(shift * 8))) }
        }
        result.removeLast(result.count - count)
        return result
    }

    /// An address anywhere in the address space.
    mutating func address() -> IPv4Address { IPv4Address(rawValue: UInt32(truncatingIfNeeded: next())) }
}

extension PacketSlot {
    /// Fills the slot with a packet, as a source would.
    mutating func copy(_ packet: [UInt8]) { unsafe copy(packet.span.bytes) }
}

/// Lets `body` change the octets of an array, seen as a span.
func changing<Result>(_ bytes: inout [UInt8], _ body: (inout MutableRawSpan) -> Result) -> Result {
    var elements = bytes.mutableSpan
    var span = unsafe elements.mutableBytes
    return body(&span)
}

extension [UInt8] {
    /// The most significant octet first.
    init(word: UInt16) { self = [UInt8(word >> 8), UInt8(word & 0xff)] }

    /// The two octets at `offset`, most significant first.
    func word(at offset: Int) -> UInt16 { UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) }

    /// The same with two octets of it changed.
    mutating func setWord(_ word: UInt16, at offset: Int) {
        replaceSubrange(offset..<offset + 2, with: [UInt8](word: word))
    }

    /// The same with the octets from `offset` on changed.
    func replacing(at offset: Int, with bytes: [UInt8]) -> [UInt8] {
        var copy = self
        copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return copy
    }
}
