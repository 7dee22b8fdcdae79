// SPDX-License-Identifier: Apache-2.0

/// A routing rule, as far as checks ask.
package struct RuleSnapshot: Equatable, Sendable {
    /// Rules are asked in this order, the lowest first.
    package var priority: UInt32
    /// The table that it leads to; 0 when it does something else.
    package var table: UInt32
    /// Only packets of this protocol; `nil` for all, or when the rule says more than we understand.
    package var ipProtocol: UInt8?
    /// Only packets whose mark has these bits; `nil` for all.
    package var mark: Mark?
    /// Whether a tunnel of ours made it.
    package var isOurs = false

    /// A mark, and the bits of it that count.
    package struct Mark: Equatable, Sendable {
        package let value: UInt32
        package let mask: UInt32

        package init(_ value: UInt32, mask: UInt32) { (self.value, self.mask) = (value, mask) }

        /// Whether a packet with the mark `other` is meant.
        package func fits(_ other: UInt32) -> Bool { mask != 0 && other & mask == value & mask }

        /// As ip(8) prints it: `0x4/0xff`.
        package var text: String {
            let bits = mask == .max ? "" : "/0x\(String(mask, radix: 16))"
            return "0x\(String(value, radix: 16))\(bits)"
        }
    }

    /// A rule as the kernel would describe it.
    package init(priority: UInt32, table: UInt32, ipProtocol: UInt8? = nil) {
        self.priority = priority
        self.table = table
        self.ipProtocol = ipProtocol
    }
}
