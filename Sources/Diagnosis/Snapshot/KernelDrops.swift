// SPDX-License-Identifier: Apache-2.0

/// IPv4 packets that the kernel dropped while it was listened to, in all network namespaces together.
package struct KernelDrops: Equatable, Sendable {
    /// How many, by the name that the kernel gives the reason.
    package var reasons: [String: UInt64]
    /// How many were not counted.
    package var missed: UInt64
    /// How long it was listened to.
    package var milliseconds: UInt64

    package init(_ reasons: [String: UInt64] = [:], missed: UInt64 = 0, milliseconds: UInt64 = 0) {
        self.reasons = reasons
        self.missed = missed
        self.milliseconds = milliseconds
    }
}
