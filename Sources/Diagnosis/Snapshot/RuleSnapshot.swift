// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A routing rule, as far as checks ask.
package struct RuleSnapshot: Equatable, Sendable {
    /// Rules are asked in this order, the lowest first.
    package var priority: UInt32
    /// The table that it leads to; 0 when it does something else.
    package var table: UInt32
    /// Only packets of this protocol; `nil` for all, or when the rule says more than we understand.
    package var ipProtocol: UInt8?
    /// Only packets that carry this mark; `nil` for all.
    package var mark: PacketMark?
    /// Whether a tunnel of ours made it.
    package var isOurs = false

    /// A rule as the kernel would describe it.
    package init(priority: UInt32, table: UInt32, ipProtocol: UInt8? = nil) {
        self.priority = priority
        self.table = table
        self.ipProtocol = ipProtocol
    }
}
