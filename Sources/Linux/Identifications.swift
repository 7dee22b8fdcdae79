// SPDX-License-Identifier: Apache-2.0

/// The identifications of outer packets that one worker sends, one after the other: those of another are different.
///
/// The price is that they repeat after 65,535 divided by the number of workers.
struct Identifications: Sendable {
    /// The last that was taken.
    private(set) var current: UInt16
    private let share: ClosedRange<UInt16>

    /// The share of worker `index` of `count`. It starts anywhere in it, so that a restart does not repeat the last ones.
    init(worker index: Int, of count: Int) {
        precondition((0..<count).contains(index))
        // 0 would leave the choice to the kernel, which knows nothing of ours.
        share = UInt16(max(1, 65_536 * index / count))...UInt16(65_536 * (index + 1) / count - 1)
        current = .random(in: share)
    }

    /// Takes the next.
    mutating func advance() { current = current == share.upperBound ? share.lowerBound : current + 1 }
}
