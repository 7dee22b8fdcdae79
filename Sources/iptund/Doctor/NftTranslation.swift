// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Wire

/// The meaning of the statements in nft's JSON (libnftables-json(5)). A statement that is not understood stays in doubt.
struct NftTranslation {
    let expressions: NftExpressions

    init(protocols: ProtocolNumbers) { expressions = NftExpressions(protocols: protocols) }

    /// The steps of a rule. Statements that change no packet and end nothing are left out.
    func steps(_ statements: [JSONValue]) -> [Netfilter.Step] {
        statements.flatMap { statement -> [Netfilter.Step] in
            guard let (kind, value) = statement.only else { return [.unknown("a statement of another kind")] }
            return steps(kind, value)
        }
    }

    private func steps(_ kind: String, _ value: JSONValue) -> [Netfilter.Step] {
        switch kind {
        case "counter", "log", "comment", "flow", "ct helper", "ct timeout", "ct expectation", "last",
            "secmark", "dup":
            []
        case "notrack": [.untrack]
        case "match": match(value)
        case "vmap": choice(value)
        case "masquerade": [.rewrite(.masquerade)]
        case "snat": [.rewrite(.source(newSource(value)))]
        case "dnat", "redirect": [.rewrite(.destination)]
        case "mangle": value["key"]?["meta"]?["key"]?.text == "mark" ? [.changeMark(bits: .max)] : []
        // Elements may be added up to a limit only.
        case "set", "map": (value["stmt"]?.list ?? []).isEmpty ? [] : [.unknown(kind)]
        // Both are of TCP, and UDP.
        case "synproxy", "tproxy": [expressions.isProtocol([6, 17]), .verdict(.queue)]
        // The packet leaves by another device, whatever the next rule says.
        case "fwd": [.verdict(.queue)]
        case "xt": foreign(value)
        default: [expressions.verdict(kind, value).map { .verdict($0) } ?? .unknown(kind)]
        }
    }

    /// A module of iptables, of which nft only knows the name.
    private func foreign(_ value: JSONValue) -> [Netfilter.Step] {
        let name = value["name"]?.text
        switch (value["type"]?.text, name) {
        case (_, "comment"): return []
        case ("target", "MASQUERADE"): return [.rewrite(.masquerade)]
        case ("target", "SNAT"): return [.rewrite(.source(nil))]
        case ("target", "DNAT"), ("target", "REDIRECT"): return [.rewrite(.destination)]
        case ("target", "MARK"), ("target", "CONNMARK"): return [.changeMark(bits: .max)]
        case ("target", "REJECT"): return [.verdict(.reject)]
        case ("target", "NFQUEUE"): return [.verdict(.queue)]
        case ("target", "LOG"), ("target", "NFLOG"), ("target", "CT"), ("target", "TCPMSS"), ("target", "CHECKSUM"):
            return []
        default: return [.unknown(["xt", name].compactMap(\.self).joined(separator: " "))]
        }
    }

    private func newSource(_ value: JSONValue) -> ClosedRange<UInt32>? {
        guard let address = value["addr"], case .numbers(let range) = expressions.value(address, .source) else {
            return nil
        }
        return range
    }

    /// `{"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}`
    private func match(_ value: JSONValue) -> [Netfilter.Step] {
        guard let left = value["left"], let right = value["right"], let symbol = value["op"]?.text else {
            return [.unknown("a match")]
        }
        let implied = expressions.implied(by: left)
        if let masked = masked(left, symbol, right) { return implied + [masked] }
        let fields = expressions.fields(left)
        switch symbol {
        case "==", "in": return implied + [.match(.init(fields, .isOneOf, expressions.operand(right, fields)))]
        case "!=", "!": return implied + [.match(.init(fields, .isNoneOf, expressions.operand(right, fields)))]
        case "<", ">", "<=", ">=":
            guard case .numbers(let range) = expressions.value(right, fields.first ?? .other("")),
                let span = NftTranslation.span(symbol, range.lowerBound)
            else { return implied + [.unknown(fields.first?.name ?? symbol)] }
            return implied + [.match(.init(fields, .isOneOf, .elements([.init([.numbers(span)])])))]
        default: return implied + [.unknown(symbol)]
        }
    }

    /// `{"&": [{"meta": {"key": "mark"}}, 255]}` compared with one number.
    private func masked(_ left: JSONValue, _ symbol: String, _ right: JSONValue) -> Netfilter.Step? {
        guard let parts = left["&"]?.list, parts.count == 2, ["==", "!="].contains(symbol) else { return nil }
        let fields = expressions.fields(parts[0])
        guard fields == [.mark], let mask = parts[1].number.flatMap({ UInt32(exactly: $0) }),
            let value = right.number.flatMap({ UInt32(exactly: $0) })
        else { return nil }
        let operand = Netfilter.Operand.elements([.init([.masked(mask: mask, value: value)])])
        return .match(.init(fields, symbol == "==" ? .isOneOf : .isNoneOf, operand))
    }

    private static func span(_ symbol: String, _ bound: UInt32) -> ClosedRange<UInt32>? {
        switch symbol {
        case "<": bound > 0 ? 0...bound - 1 : nil
        case "<=": 0...bound
        case ">": bound < .max ? bound + 1 ... .max : nil
        default: bound...UInt32.max
        }
    }

    /// `{"key": …, "data": {"set": [[…, {"drop": null}]]}}`
    private func choice(_ value: JSONValue) -> [Netfilter.Step] {
        guard let key = value["key"], let data = value["data"] else { return [.unknown("a verdict map")] }
        let fields = expressions.fields(key)
        let operand: Netfilter.Operand =
            data.text.map { .set(NftExpressions.setName($0)) }
            ?? .elements(expressions.elements(data["set"]?.list ?? [], of: fields))
        return expressions.implied(by: key) + [.choose(fields, operand)]
    }
}
