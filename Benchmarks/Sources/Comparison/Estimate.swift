// SPDX-License-Identifier: Apache-2.0

/// How long a comparison will still take: what is left of the plan, at the pace of what is done.
package struct Estimate: Equatable, Sendable {
    private let planned: Double
    private var done = 0.0
    private var elapsed = 0.0

    /// - Parameter planned: seconds that all steps together should take.
    package init(planned: Double) { self.planned = planned }

    /// Notes that a step is over that was planned to take `planned` seconds, `elapsed` seconds after the begin.
    package mutating func finish(planned: Double, elapsed: Double) {
        done += planned
        self.elapsed = elapsed
    }

    /// How many seconds at the planned pace we believe in before we have seen any: the first steps say little.
    private static let belief = 20.0

    /// Seconds.
    package var remaining: Double {
        max(0, planned - done) * (elapsed + Estimate.belief) / (done + Estimate.belief)
    }
}
