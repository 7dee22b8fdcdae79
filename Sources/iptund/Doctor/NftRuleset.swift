// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis

/// Reads what `nft -j list ruleset` prints (libnftables-json(5)).
struct NftRuleset {
    /// The tables that IPv4 packets meet.
    private(set) var tables: [Netfilter.Table] = []
    private let translation: NftTranslation
    private let listing: NftListing
    /// The tables, by family and name, that have rules whose parts nft cannot read: iptables made them.
    private var foreignTables: Set<String> = []

    /// Reads the document `json`; `text` is what `nft -a list ruleset` printed, for people.
    /// - Throws: when it is no such document.
    init(json: String, text: String, protocols: ProtocolNumbers) throws(JSONReader.Malformed) {
        translation = NftTranslation(protocols: protocols)
        listing = NftListing(text)
        let document = try JSONValue(json)
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
        case "set", "map": tables[place].sets[name] = translation.expressions.elements(ofSet: value)
        case "rule":
            guard let chain = value["chain"]?.text else { return }
            let statements = value["expr"]?.list ?? []
            if statements.contains(where: { $0["xt"] != nil }) { foreignTables.insert("\(family.rawValue) \(table)") }
            let steps = translation.steps(statements)
            let key = "\(family.rawValue) \(table) \(value["handle"]?.number ?? 0)"
            let rule = Netfilter.Rule(listing.rules[key] ?? "rule with handle \(value["handle"]?.number ?? 0)", steps)
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
        base.devices = NftRuleset.texts(value["dev"]) + (listing.devices["\(table) \(name)"] ?? [])
        return Netfilter.Chain(name, base: base)
    }

    /// Whether nft cannot read some rules of a table: iptables made them.
    func isIncomplete(_ table: Netfilter.Table) -> Bool {
        foreignTables.contains("\(table.family.rawValue) \(table.name)")
    }

    /// Whether a table is one of iptables: by its rules, or by the names of the table and of its base chains.
    func isMadeByIptables(_ table: Netfilter.Table) -> Bool {
        guard table.family == .ip else { return false }
        if isIncomplete(table) { return true }
        let bases = table.chains.values.filter { $0.base != nil }
        return ["filter", "nat", "mangle", "raw", "security"].contains(table.name) && !bases.isEmpty
            && bases.allSatisfy { $0.name == $0.base?.hook.rawValue.uppercased() }
    }

    private static func flags(_ value: JSONValue) -> [String] { texts(value["flags"]) }

    /// nft writes a list of one as its element.
    private static func texts(_ value: JSONValue?) -> [String] {
        (value?.list ?? value.map { [$0] } ?? []).compactMap(\.text)
    }
}
