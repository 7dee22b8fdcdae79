// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Reads the output of `ipset save`: the sets that rules of iptables look into with `-m set` (ipset(8)).
package enum IPSetSave {
    /// The sets of IPv4 addresses in `text`, by name. Sets of pairs, of other sets, or with exceptions are left out.
    package static func parse(_ text: String) -> [String: [Netfilter.Element]] {
        var sets: [String: [Netfilter.Element]] = [:]
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
            guard words.count > 2 else { continue }
            switch words[0] {
            case "create" where ["hash:ip", "hash:net", "bitmap:ip"].contains(words[2]): sets[words[1]] = []
            // One of IPv6 stays empty: no IPv4 packet is in it.
            case "add" where words[2].contains(":"): continue
            case "add" where sets[words[1]] != nil:
                if let element = element(words[2]), !words.contains("nomatch") {
                    sets[words[1]]?.append(element)
                } else {
                    sets[words[1]] = nil
                }
            default: continue
            }
        }
        return sets
    }

    /// `192.0.2.1`, `192.0.2.0/24`, or `192.0.2.1-192.0.2.9`.
    private static func element(_ text: String) -> Netfilter.Element? {
        let ends = text.split(separator: "-").compactMap { IPv4Address($0) }
        if ends.count == 2, ends[0] <= ends[1] { return .init([.numbers(ends[0].rawValue...ends[1].rawValue)]) }
        guard let prefix = Prefix(text) else { return nil }
        return .init([.numbers(prefix.address.rawValue...prefix.last.rawValue)])
    }
}

extension Netfilter.Table {
    /// The names of the sets that its rules look into and that it does not have.
    package var missingSets: Set<String> {
        var names: Set<String> = []
        for rule in chains.values.flatMap(\.rules) {
            for case .match(let match) in rule.steps {
                if case .set(let name) = match.operand, sets[name] == nil { names.insert(name) }
            }
        }
        return names
    }
}
