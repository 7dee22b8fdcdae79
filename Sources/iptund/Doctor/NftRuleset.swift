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
    /// The devices of base chains, by family, table and chain.
    private let devices: [String: [String]]

    /// Reads the document `json`; `text` is what `nft -a list ruleset` printed, for people.
    /// - Throws: when it is no such document.
    init(json: String, text: String, protocols: ProtocolNumbers) throws {
        translation = NftTranslation(protocols: protocols)
        texts = NftRuleset.texts(text)
        devices = NftRuleset.devices(text)
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
        // Before nft 1.0.8 the JSON does not say of which devices it is.
        let table = "\(value["family"]?.text ?? "") \(value["table"]?.text ?? "")"
        base.devices = NftRuleset.texts(value["dev"]) + (devices["\(table) \(name)"] ?? [])
        return Netfilter.Chain(name, base: base)
    }

    private static func flags(_ value: JSONValue) -> [String] { texts(value["flags"]) }

    /// nft writes a list of one as its element.
    private static func texts(_ value: JSONValue?) -> [String] {
        (value?.list ?? value.map { [$0] } ?? []).compactMap(\.text)
    }

    /// What the base chains of a listing say: `type filter hook ingress devices = { "eth0", "eth1" } priority 0;`.
    private static func devices(_ listing: String) -> [String: [String]] {
        var devices: [String: [String]] = [:]
        var (table, chain) = ("", "")
        for line in listing.split(separator: "\n") {
            let words = line.split { " \t\"{},=".contains($0) }.map(String.init)
            if words.first == "table", words.count > 2 { table = "\(words[1]) \(words[2])" }
            if words.first == "chain", words.count > 1 { chain = words[1] }
            guard words.first == "type", let start = words.firstIndex(where: { ["device", "devices"].contains($0) }),
                let end = words.firstIndex(of: "priority"), start < end
            else { continue }
            devices["\(table) \(chain)"] = Array(words[(start + 1)..<end])
        }
        return devices
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
