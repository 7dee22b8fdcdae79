// SPDX-License-Identifier: Apache-2.0

/// A counter, and how much of it is new.
package struct Growth: Equatable, Sendable {
    /// Since it began to count.
    package var total: UInt64
    /// While it was watched.
    package var recent: UInt64

    /// A counter that had this value when it was watched last.
    package init(total: UInt64 = 0, recent: UInt64 = 0) {
        self.total = total
        self.recent = recent
    }

    /// What it was at the beginning and at the end. One that began anew meanwhile has grown by nothing.
    package init(from before: UInt64, to after: UInt64) {
        self.init(total: after, recent: after >= before ? after - before : 0)
    }

    /// Both together.
    package static func + (one: Growth, other: Growth) -> Growth {
        Growth(total: one.total &+ other.total, recent: one.recent &+ other.recent)
    }
}
