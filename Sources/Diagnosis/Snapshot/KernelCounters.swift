// SPDX-License-Identifier: Apache-2.0

/// The kernel's counters of one network namespace, as /proc/net/snmp and /proc/net/netstat have them (proc(5)).
package struct KernelCounters: Equatable, Sendable {
    /// By group and name: `Ip.InHdrErrors`, `TcpExt.IPReversePathFilter`.
    package var values: [String: UInt64]

    /// Counters that were read.
    package init(_ values: [String: UInt64] = [:]) { self.values = values }

    /// Reads the text of such a file: each group is a line of names and a line of values. What does not fit is left out.
    package init(text: String) {
        values = [:]
        var names: [Substring] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let group = words.first, group.hasSuffix(":") else { continue }
            guard names.first == group else {
                names = words
                continue
            }
            for (name, value) in zip(names, words).dropFirst() {
                values["\(group.dropLast()).\(name)"] = UInt64(value)
            }
            names = []
        }
    }

    /// How each has grown since `before`.
    package func growth(since before: KernelCounters) -> [String: Growth] {
        Dictionary(
            uniqueKeysWithValues: values.map { name, value in
                (name, Growth(from: before.values[name] ?? value, to: value))
            })
    }
}
