// SPDX-License-Identifier: Apache-2.0

/// Several values of one figure, in short.
package struct Summary: Equatable, Sendable {
    package let count: Int
    package let minimum: Double
    package let median: Double
    package let maximum: Double

    /// - Returns: `nil` without any value.
    package init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let middle = sorted.count / 2
        count = sorted.count
        minimum = first
        maximum = last
        median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// What a figure differs by from itself: the largest value over the smallest.
    ///
    /// One value has no spread, and one that was zero at times has no finite one: both are `nil`.
    package var spread: Double? { count > 1 && minimum > 0 ? maximum / minimum : nil }

    /// Whether the two ranges from minimum to maximum have nothing in common.
    package func isApart(from other: Summary) -> Bool { maximum < other.minimum || other.maximum < minimum }

    /// The smallest value that at least `percent` of all values do not exceed (the nearest rank).
    package static func percentile(_ percent: Double, of values: [Double]) -> Double? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}
