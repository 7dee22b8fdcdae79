// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Wire

/// The expressions in nft's JSON (libnftables-json(5)): the fields of a packet, and the values that they are compared with.
struct NftExpressions {
    let protocols: ProtocolNumbers

    /// The field of an expression, or the fields of a concatenation.
    func fields(_ expression: JSONValue) -> [Netfilter.Field] {
        if let parts = expression["concat"]?.list { return parts.map(field) }
        return [field(expression)]
    }

    private func field(_ expression: JSONValue) -> Netfilter.Field {
        guard let (kind, value) = expression.only else { return .other("an expression") }
        switch kind {
        case "fib": return NftExpressions.route(value)
        case "ct": return NftExpressions.connection(value)
        default: break
        }
        switch (kind, value["protocol"]?.text, value["field"]?.text ?? value["key"]?.text) {
        case ("meta", _, "l4proto"), ("payload", "ip", "protocol"): return .protocolNumber
        case ("meta", _, "iifname"), ("meta", _, "iif"): return .inputDevice
        case ("meta", _, "oifname"), ("meta", _, "oif"): return .outputDevice
        case ("meta", _, "ibrname"), ("meta", _, "ibridgename"): return .inputBridge
        case ("meta", _, "obrname"), ("meta", _, "obridgename"): return .outputBridge
        case ("meta", _, "mark"): return .mark
        case ("meta", _, "pkttype"): return .packetType
        case ("meta", _, "nfproto"), ("payload", "ip", "version"), ("meta", _, "protocol"),
            ("payload", "ether", "type"):
            return .version
        case ("payload", "ip", "saddr"): return .source
        case ("payload", "ip", "daddr"): return .destination
        case ("payload", "vlan", _): return .vlan
        case (_, let layer, let name): return .other([kind, layer, name].compactMap(\.self).joined(separator: " "))
        }
    }

    /// `ct state`, `ct original ip saddr`
    private static func connection(_ value: JSONValue) -> Netfilter.Field {
        switch (value["key"]?.text, value["dir"]?.text) {
        case ("state", _): .connectionState
        case ("status", _): .connectionStatus
        case ("direction", _): .connectionDirection
        case ("helper", _): .helper
        case ("ip saddr", "original"): .originalSource
        case ("ip daddr", "original"): .originalDestination
        case ("protocol", "original"): .protocolNumber
        case (let key, let direction): .other(["ct", direction, key].compactMap(\.self).joined(separator: " "))
        }
    }

    /// `fib daddr type`, `fib saddr . iif oif`
    private static func route(_ value: JSONValue) -> Netfilter.Field {
        let flags = Set(value["flags"]?.list?.compactMap(\.text) ?? value["flags"]?.text.map { [$0] } ?? [])
        switch value["result"]?.text {
        case "type" where flags == ["saddr"]: return .sourceType
        case "type" where flags == ["daddr"]: return .destinationType
        case "type" where flags == ["daddr", "iif"]: return .destinationTypeAtDevice
        case "oif" where flags.isSuperset(of: ["saddr", "iif"]),
            "oifname" where flags.isSuperset(of: ["saddr", "iif"]),
            "check" where flags.isSuperset(of: ["saddr", "iif"]):
            return .returnPath
        case let result: return .other((["fib"] + flags.sorted() + [result ?? ""]).joined(separator: " "))
        }
    }

    /// The protocols that an expression is about, which nft leaves out of its JSON: `tcp dport` is of TCP alone.
    ///
    /// For a packet of another protocol the rule does not apply, also where the expression is negated.
    func implied(by expression: JSONValue) -> [Netfilter.Step] {
        switch expression {
        case .list(let parts): return parts.flatMap(implied)
        case .object(let members):
            guard let (kind, value) = expression.only else { return members.values.flatMap(implied) }
            switch (kind, value["protocol"]?.text) {
            case ("payload", let layer?): return implied(by: layer)
            case ("tcp option", _): return implied(by: "tcp")
            case ("sctp chunk", _): return implied(by: "sctp")
            case ("dccp option", _): return implied(by: "dccp")
            case ("exthdr", _): return implied(by: "ip6")
            case ("socket", _): return [isProtocol([6, 17])]
            case ("meta", _), ("ct", _), ("fib", _), ("rt", _), ("payload", nil): return []
            default: return implied(by: value)
            }
        default: return []
        }
    }

    private func implied(by layer: String) -> [Netfilter.Step] {
        switch layer {
        case "tcp": [isProtocol([6])]
        case "udp": [isProtocol([17])]
        case "udplite": [isProtocol([136])]
        case "sctp": [isProtocol([132])]
        case "dccp": [isProtocol([33])]
        case "icmp": [isProtocol([1])]
        case "igmp": [isProtocol([2])]
        case "esp": [isProtocol([50])]
        case "ah": [isProtocol([51])]
        case "comp": [isProtocol([108])]
        case "gre": [isProtocol([47])]
        case "icmpv6": [isProtocol([58]), isVersion(6)]
        // Ports: of the protocols that have them.
        case "th": [isProtocol([6, 17, 33, 132, 136])]
        case "ip6": [isVersion(6)]
        case "arp": [isVersion(0)]
        case let tunnelled where ["vxlan", "geneve", "gretap"].contains(tunnelled): [isProtocol([17, 47])]
        default: []
        }
    }

    func isProtocol(_ numbers: [UInt32]) -> Netfilter.Step {
        .match(.init([.protocolNumber], .elements(numbers.map { .init([.numbers($0...$0)]) })))
    }

    private func isVersion(_ number: UInt32) -> Netfilter.Step {
        .match(.init([.version], .elements([.init([.numbers(number...number)])])))
    }

    /// `"lo"`, `"@peers"`, `{"set": […]}`, `["established", "related"]`, `{"prefix": …}`
    func operand(_ right: JSONValue, _ fields: [Netfilter.Field]) -> Netfilter.Operand {
        if let name = right.text, name.hasPrefix("@") { return .set(NftExpressions.setName(name)) }
        if let list = right["set"]?.list ?? right.list ?? right["|"]?.list {
            return .elements(elements(list, of: fields))
        }
        return .elements([.init(values(right, fields))])
    }

    static func setName(_ text: String) -> String { text.hasPrefix("@") ? String(text.dropFirst()) : text }

    /// The elements of a set or map that stands in a rule.
    func elements(_ list: [JSONValue], of fields: [Netfilter.Field]) -> [Netfilter.Element] {
        list.map { element in
            // An element of a map is a pair: a key, and a verdict.
            if let pair = element.list, pair.count == 2, let (kind, value) = pair[1].only,
                let verdict = verdict(kind, value)
            {
                return .init(values(pair[0], fields), verdict: verdict)
            }
            return .init(values(element, fields))
        }
    }

    /// `{"drop": null}`, `{"jump": {"target": "sub"}}`
    func verdict(_ kind: String, _ value: JSONValue) -> Netfilter.Verdict? {
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
}
