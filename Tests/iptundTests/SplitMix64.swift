// SPDX-License-Identifier: Apache-2.0

import Linux

/// Random numbers that a seed brings back (Steele, Lea and Flood, "Fast splittable pseudorandom number generators").
struct SplitMix64: RandomNumberGenerator {
    private let seed: UInt64
    private var state: UInt64

    /// Starts from the seed in the environment, or from a new one.
    init() {
        seed = Environment.value("IPTUND_TEST_SEED").flatMap { UInt64($0) } ?? .random(in: .min ... .max)
        state = seed
    }

    /// What to say when a test fails.
    var note: String { "again with IPTUND_TEST_SEED=\(seed)" }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
