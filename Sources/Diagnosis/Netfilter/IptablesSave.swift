// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Reads what `iptables-save` prints: the tables of the packet filter before nftables.
package enum IptablesSave {
    /// The tables in `text`. Lines that are not understood are passed over, and options of rules are in doubt.
    package static func parse(_ text: String, protocols: ProtocolNumbers) -> [Netfilter.Table] {
        var tables: [Netfilter.Table] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") {
                tables.append(Netfilter.Table(.ip, String(line.dropFirst()), tool: .iptables))
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

    /// A shell's words, of which comments may hold several in quotes.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var (word, isQuoted, isEscaped) = ("", false, false)
        for character in line {
            switch character {
            case _ where isEscaped:
                word.append(character)
                isEscaped = false
            case "\\" where isQuoted: isEscaped = true
            case "\"": isQuoted.toggle()
            case " " where !isQuoted:
                if !word.isEmpty { words.append(word) }
                word = ""
            default: word.append(character)
            }
        }
        return word.isEmpty ? words : words + [word]
    }

    private static let hooks: [String: Netfilter.Hook] = [
        "PREROUTING": .prerouting, "INPUT": .input, "FORWARD": .forward, "OUTPUT": .output,
        "POSTROUTING": .postrouting,
    ]
    private static let priorities = ["raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50]
}
