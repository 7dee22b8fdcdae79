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

    /// Reads the text of /proc/net/xfrm_stat, a counter in each line: `Xfrm.XfrmOutNoStates`. What does not fit is left out.
    package init(xfrm text: String) {
        values = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count == 2, let value = UInt64(words[1]) else { continue }
            values["Xfrm.\(words[0])"] = value
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
