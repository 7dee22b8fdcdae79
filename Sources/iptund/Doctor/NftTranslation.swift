// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Wire

/// What the statements and expressions of nft's JSON mean to us; whatever is not understood stays in doubt.
struct NftTranslation {
    let protocols: ProtocolNumbers

    /// What a rule does. Statements that change no packet and end nothing are left out.
    func steps(_ statements: [JSONValue]) -> [Netfilter.Step] {
        statements.compactMap { statement in
            guard let (kind, value) = statement.only else { return .unknown("a statement of another kind") }
            return step(kind, value)
        }
    }

    private func step(_ kind: String, _ value: JSONValue) -> Netfilter.Step? {
        switch kind {
        case "counter", "log", "comment", "notrack", "flow", "ct helper", "ct timeout", "ct count", "last": nil
        case "match": match(value)
        case "vmap": choice(value)
        case "masquerade": .rewrite(.masquerade)
        case "snat": .rewrite(.source(newSource(value)))
        case "dnat", "redirect": .rewrite(.destination)
        case "mangle": value["key"]?["meta"]?["key"]?.text == "mark" ? .changeMark : nil
        case "set": nil
        case "xt": foreign(value)
        default: verdict(kind, value).map { .verdict($0) } ?? .unknown(kind)
        }
    }

    /// `{"drop": null}`, `{"jump": {"target": "sub"}}`
    private func verdict(_ kind: String, _ value: JSONValue) -> Netfilter.Verdict? {
        switch kind {
        case "accept": .accept
        case "drop": .drop
        case "reject": .reject
        case "return": .return
        case "continue": .continue
        case "queue": .queue
        case "jump": (value["target"]?.text).map { .jump($0) }
        case "goto": (value["target"]?.text).map { .goto($0) }
        default: nil
        }
    }

    /// What iptables-nft made of a module of iptables.
    private func foreign(_ value: JSONValue) -> Netfilter.Step? {
        switch value["name"]?.text {
        case "comment": nil
        case "MASQUERADE": .rewrite(.masquerade)
        case "SNAT": .rewrite(.source(nil))
        case "DNAT", "REDIRECT": .rewrite(.destination)
        case "MARK": .changeMark
        case "LOG", "NFLOG", "CT", "TCPMSS": nil
        case let name: .unknown("xt \(name ?? "")")
        }
    }

    private func newSource(_ value: JSONValue) -> ClosedRange<UInt32>? {
        guard let address = value["addr"], case .numbers(let range) = self.value(address, .source) else { return nil }
        return range
    }

    /// `{"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}`
    private func match(_ value: JSONValue) -> Netfilter.Step {
        guard let left = value["left"], let right = value["right"], let symbol = value["op"]?.text else {
            return .unknown("a match")
        }
        let fields = fields(left)
        switch symbol {
        case "==", "in":
            return .match(.init(fields, .isOneOf, operand(right, fields)))
        case "!=": return .match(.init(fields, .isNoneOf, operand(right, fields)))
        case "<", ">", "<=", ">=":
            guard case .numbers(let range) = self.value(right, fields.first ?? .other("")),
                let span = NftTranslation.span(symbol, range.lowerBound)
            else { return .unknown(symbol) }
            return .match(.init(fields, .isOneOf, .elements([.init([.numbers(span)])])))
        default: return .unknown(symbol)
        }
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
    private func choice(_ value: JSONValue) -> Netfilter.Step {
        guard let key = value["key"], let data = value["data"] else { return .unknown("a verdict map") }
        let fields = fields(key)
        if let name = data.text { return .choose(fields, .set(NftTranslation.setName(name))) }
        return .choose(fields, .elements(elements(data["set"]?.list ?? [], of: fields)))
    }
}

extension NftTranslation {
    /// What an expression looks at: one field, or several of a concatenation.
    private func fields(_ expression: JSONValue) -> [Netfilter.Field] {
        if let parts = expression["concat"]?.list { return parts.map(field) }
        return [field(expression)]
    }

    private func field(_ expression: JSONValue) -> Netfilter.Field {
        guard let (kind, value) = expression.only else { return .other("an expression") }
        switch (kind, value["protocol"]?.text, value["field"]?.text ?? value["key"]?.text) {
        case ("meta", _, "l4proto"), ("payload", "ip", "protocol"): return .protocolNumber
        case ("meta", _, "iifname"), ("meta", _, "iif"): return .inputDevice
        case ("meta", _, "oifname"), ("meta", _, "oif"): return .outputDevice
        case ("meta", _, "mark"): return .mark
        case ("meta", _, "nfproto"), ("payload", "ip", "version"), ("meta", _, "protocol"): return .version
        case ("payload", "ip", "saddr"): return .source
        case ("payload", "ip", "daddr"): return .destination
        case ("ct", _, "state"): return .connectionState
        case (_, let layer, let name): return .other([kind, layer, name].compactMap(\.self).joined(separator: " "))
        }
    }

    /// `"lo"`, `"@peers"`, `{"set": […]}`, `["established", "related"]`, `{"prefix": …}`
    private func operand(_ right: JSONValue, _ fields: [Netfilter.Field]) -> Netfilter.Operand {
        if let name = right.text, name.hasPrefix("@") { return .set(NftTranslation.setName(name)) }
        if let list = right["set"]?.list ?? right.list { return .elements(elements(list, of: fields)) }
        return .elements([.init(values(right, fields))])
    }

    private static func setName(_ text: String) -> String { text.hasPrefix("@") ? String(text.dropFirst()) : text }

    /// The elements of a set or map that stands in a rule.
    private func elements(_ list: [JSONValue], of fields: [Netfilter.Field]) -> [Netfilter.Element] {
        list.map { element in
            // An element of a map is a pair: what is looked up, and a verdict.
            if let pair = element.list, pair.count == 2, let (kind, value) = pair[1].only,
                let verdict = verdict(kind, value)
            {
                return .init(values(pair[0], fields), verdict: verdict)
            }
            return .init(values(element, fields))
        }
    }

    /// The elements of a set or map of the table, which says by its type what fields it is for.
    func elements(ofSet set: JSONValue) -> [Netfilter.Element] {
        let types = set["type"]?.list ?? set["type"].map { [$0] } ?? []
        let fields = types.map { type -> Netfilter.Field in
            switch type.text {
            case "ipv4_addr": .source
            case "inet_proto": .protocolNumber
            case "ifname", "iface_index": .inputDevice
            case "mark": .mark
            case "ct_state": .connectionState
            case let name: .other(name ?? "of another type")
            }
        }
        return elements(set["elem"]?.list ?? [], of: fields)
    }

    private func values(_ element: JSONValue, _ fields: [Netfilter.Field]) -> [Netfilter.Value] {
        if let inner = element["elem"]?["val"] { return values(inner, fields) }
        if let parts = element["concat"]?.list {
            return parts.enumerated().map { value($0.element, $0.offset < fields.count ? fields[$0.offset] : nil) }
        }
        return [value(element, fields.first)]
    }

    private func value(_ expression: JSONValue, _ field: Netfilter.Field?) -> Netfilter.Value {
        if let inner = expression["elem"]?["val"] { return value(inner, field) }
        if let prefix = expression["prefix"], let address = (prefix["addr"]?.text).flatMap({ IPv4Address($0) }),
            let block = prefix["len"]?.number.flatMap({ Prefix(address, length: $0) })
        {
            return .numbers(block.address.rawValue...block.last.rawValue)
        }
        if let ends = expression["range"]?.list, ends.count == 2, let first = number(ends[0], field),
            let last = number(ends[1], field), first <= last
        {
            return .numbers(first...last)
        }
        if let number = number(expression, field) { return .numbers(number...number) }
        guard let text = expression.text else { return .unknown("a value") }
        if text == "*" { return .anything }
        switch field {
        case .connectionState: return state(text)
        case .inputDevice, .outputDevice: return .device(text)
        default: return .unknown(text)
        }
    }

    private func state(_ text: String) -> Netfilter.Value {
        Netfilter.ConnectionState(rawValue: text).map { .state($0) } ?? .unknown(text)
    }

    private func number(_ expression: JSONValue, _ field: Netfilter.Field?) -> UInt32? {
        switch (field, expression.text) {
        case (.inputDevice, _), (.outputDevice, _), (.connectionState, _): return nil
        case (.protocolNumber, let name?): return protocols.number(name).map(UInt32.init)
        case (.version, "ipv4"), (.version, "ip"): return 4
        case (.version, "ipv6"), (.version, "ip6"): return 6
        case (.version, _?): return 0
        case (_, let text?): return IPv4Address(text)?.rawValue
        case (_, nil): return expression.number.flatMap { UInt32(exactly: $0) }
        }
    }
}
