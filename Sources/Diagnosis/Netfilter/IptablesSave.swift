// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Reads the output of `iptables-save`: tables of iptables, whether nftables keeps them or the kernel's older packet filter.
package enum IptablesSave {
    /// The tables in `text`. Lines that are not understood are passed over, and options of rules are in doubt.
    package static func parse(
        _ text: String, tool: Netfilter.Tool = .iptables, protocols: ProtocolNumbers
    ) -> [Netfilter.Table] {
        var tables: [Netfilter.Table] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")).map(Substring.init) {
            if line.hasPrefix("*") {
                tables.append(Netfilter.Table(.ip, String(line.dropFirst()), tool: tool))
            }
            guard var table = tables.popLast() else { continue }
            if line.hasPrefix(":") {
                declare(line.dropFirst(), in: &table)
            } else if line.hasPrefix("-A ") {
                append(words(line), text: String(line), to: &table, protocols)
            }
            tables.append(table)
        }
        return tables
    }

    /// `INPUT DROP [0:0]`
    private static func declare(_ line: Substring, in table: inout Netfilter.Table) {
        let words = line.split(separator: " ")
        guard let name = words.first.map(String.init) else { return }
        var base: Netfilter.Base?
        if let hook = hooks[name] {
            base = Netfilter.Base(hook, priority: priorities[table.name] ?? 0)
            if table.name == "nat" {
                base?.kind = .nat
                if hook == .postrouting || hook == .input { base?.priority = 100 }
            }
            if words.count > 1, words[1] == "DROP" { base?.policy = .drop }
        }
        table.chains[name] = Netfilter.Chain(name, base: base)
    }

    /// `-A INPUT -s 192.0.2.0/24 -p ipencap -j ACCEPT`
    private static func append(
        _ words: [String], text: String, to table: inout Netfilter.Table, _ protocols: ProtocolNumbers
    ) {
        guard words.count > 1 else { return }
        var reader = IptablesRuleReader(words: words.dropFirst(2), protocols: protocols)
        let steps = reader.read()
        table.chains[words[1], default: Netfilter.Chain(words[1])].rules.append(Netfilter.Rule(text, steps))
    }

    /// Words as of a shell: comments may hold several in quotes.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var (word, isQuoted, isEscaped) = ([UInt8](), false, false)
        for octet in line.utf8 {
            switch octet {
            case _ where isEscaped:
                word.append(octet)
                isEscaped = false
            case UInt8(ascii: "\\") where isQuoted: isEscaped = true
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: " ") where !isQuoted:
                if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word.removeAll(keepingCapacity: true)
            default: word.append(octet)
            }
        }
        return word.isEmpty ? words : words + [String(decoding: word, as: UTF8.self)]
    }

    private static let hooks: [String: Netfilter.Hook] = [
        "PREROUTING": .prerouting, "INPUT": .input, "FORWARD": .forward, "OUTPUT": .output,
        "POSTROUTING": .postrouting,
    ]
    private static let priorities = ["raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50]
}
