// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import FoundationEssentials

/// Reads what `nft -j list ruleset` prints (libnftables-json(5)).
struct NftRuleset {
    /// The tables that IPv4 packets meet.
    private(set) var tables: [Netfilter.Table] = []
    private let translation: NftTranslation
    /// Rules as text, by family, table and handle.
    private let texts: [String: String]

    /// Reads the document `json`; `text` is what `nft -a list ruleset` printed, for people.
    /// - Throws: when it is no such document.
    init(json: String, text: String, protocols: ProtocolNumbers) throws {
        translation = NftTranslation(protocols: protocols)
        texts = NftRuleset.texts(text)
        let document = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
        for element in document["nftables"]?.list ?? [] {
            guard let (kind, value) = element.only else { continue }
            read(kind, value)
        }
    }

    private mutating func read(_ kind: String, _ value: JSONValue) {
        guard let family = (value["family"]?.text).flatMap({ Netfilter.Family(rawValue: $0) }),
            let name = value["name"]?.text ?? value["table"]?.text
        else { return }
        if kind == "table" {
            guard !NftRuleset.flags(value).contains("dormant") else { return }
            tables.append(Netfilter.Table(family, name))
            return
        }
        guard let table = value["table"]?.text,
            let place = tables.firstIndex(where: { $0.family == family && $0.name == table })
        else { return }
        switch kind {
        case "chain": tables[place].chains[name] = chain(name, value)
        case "set", "map": tables[place].sets[name] = translation.elements(ofSet: value)
        case "rule":
            guard let chain = value["chain"]?.text else { return }
            let steps = translation.steps(value["expr"]?.list ?? [])
            let key = "\(family.rawValue) \(table) \(value["handle"]?.number ?? 0)"
            let rule = Netfilter.Rule(texts[key] ?? "rule with handle \(value["handle"]?.number ?? 0)", steps)
            tables[place].chains[chain, default: Netfilter.Chain(chain)].rules.append(rule)
        default: break
        }
    }

    private func chain(_ name: String, _ value: JSONValue) -> Netfilter.Chain {
        guard let hook = (value["hook"]?.text).flatMap({ Netfilter.Hook(rawValue: $0) }) else {
            return Netfilter.Chain(name)
        }
        var base = Netfilter.Base(hook, priority: value["prio"]?.number ?? 0)
        if value["type"]?.text == "nat" { base.kind = .nat }
        if value["policy"]?.text == "drop" { base.policy = .drop }
        base.devices = NftRuleset.texts(value["dev"])
        return Netfilter.Chain(name, base: base)
    }

    private static func flags(_ value: JSONValue) -> [String] { texts(value["flags"]) }

    /// nft writes a list of one as its element.
    private static func texts(_ value: JSONValue?) -> [String] {
        (value?.list ?? value.map { [$0] } ?? []).compactMap(\.text)
    }

    /// The rules of a listing with handles: `ip protocol ipencap drop # handle 4`.
    private static func texts(_ listing: String) -> [String: String] {
        var texts: [String: String] = [:]
        var table = ""
        for line in listing.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            if words.first == "table", words.count > 2 { table = "\(words[1]) \(words[2])" }
            guard words.count > 2, words[words.count - 2] == "handle", words[words.count - 3] == "#",
                let handle = words.last
            else { continue }
            texts["\(table) \(handle)"] = words.dropLast(3).joined(separator: " ")
        }
        return texts
    }
}
