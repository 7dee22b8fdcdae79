// SPDX-License-Identifier: Apache-2.0

/// How many pairs of threads.
package enum WorkerCount: Equatable, Sendable {
    case fixed(Int)
    /// As many as the host has processors for.
    case automatic

    /// Each has two threads, and 22 MB for packets, of which only what packets touch becomes resident.
    package static let maximum = 16

    /// How many these are on a host of so many processors.
    ///
    /// What `automatic` means was not measured with more than two processors, so it is cautious: one for every four, since
    /// each worker keeps two threads busy, and what comes out of the tunnel wants to run too.
    package func count(processors: Int) -> Int {
        switch self {
        case .fixed(let count): count
        case .automatic: min(max(processors / 4, 1), WorkerCount.maximum)
        }
    }
}
