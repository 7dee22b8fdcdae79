// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Wire

/// Values in nft's JSON.
extension NftExpressions {
    /// The elements of a set or map of a table, whose type names its fields.
    func elements(ofSet set: JSONValue) -> [Netfilter.Element] {
        elements(set["elem"]?.list ?? [], of: fields(ofType: set["type"] ?? .null))
    }

    /// `"ipv4_addr"`, `["ipv4_addr", "inet_service"]`; and `{"typeof": …}`, as nft 1.1 prints it.
    private func fields(ofType type: JSONValue) -> [Netfilter.Field] {
        if let expression = type["typeof"] { return fields(expression) }
        return (type.list ?? [type]).map { part in
            switch part.text {
            case "ipv4_addr": .source
            case "inet_proto": .protocolNumber
            case "ifname", "iface_index": .inputDevice
            case "mark": .mark
            case "ct_state": .connectionState
            case "pkt_type": .packetType
            case "fib_addrtype": .destinationType
            case let name: .other(name ?? "of another type")
            }
        }
    }

    func values(_ element: JSONValue, _ fields: [Netfilter.Field]) -> [Netfilter.Value] {
        if let inner = element["elem"]?["val"] { return values(inner, fields) }
        if let parts = element["concat"]?.list {
            return parts.enumerated().map { value($0.element, $0.offset < fields.count ? fields[$0.offset] : nil) }
        }
        return [value(element, fields.first)]
    }

    func value(_ expression: JSONValue, _ field: Netfilter.Field?) -> Netfilter.Value {
        if let inner = expression["elem"]?["val"] { return value(inner, field) }
        if field == .returnPath { return NftExpressions.presence(expression) }
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
        case .inputDevice, .outputDevice, .inputBridge, .outputBridge: return .device(text)
        case .connectionStatus, .connectionDirection, .sourceType, .destinationType, .destinationTypeAtDevice,
            .packetType:
            return .word(text)
        default: return .unknown(text)
        }
    }

    /// `exists` is true, and `missing` is false, or 0 as an interface.
    private static func presence(_ expression: JSONValue) -> Netfilter.Value {
        switch expression {
        case .bool(let isThere): .exists(isThere)
        case .text("0"), .number(0): .exists(false)
        default: .unknown("an interface")
        }
    }

    private func state(_ text: String) -> Netfilter.Value {
        Netfilter.ConnectionState(rawValue: text).map { .state($0) } ?? .unknown(text)
    }

    private func number(_ expression: JSONValue, _ field: Netfilter.Field?) -> UInt32? {
        switch (field, expression.text) {
        case (.inputDevice, _), (.outputDevice, _), (.connectionState, _): return nil
        case (.protocolNumber, let name?): return protocols.number(name).map(UInt32.init)
        case (.version, "ipv4"), (.version, "ip"), (.version, "0x0800"): return 4
        case (.version, "ipv6"), (.version, "ip6"): return 6
        case (.version, _?): return 0
        case (.source, let text?), (.destination, let text?), (.originalSource, let text?),
            (.originalDestination, let text?):
            return IPv4Address(text)?.rawValue
        case (_, let text?): return UInt32(text)
        case (_, nil): return expression.number.flatMap { UInt32(exactly: $0) }
        }
    }
}
