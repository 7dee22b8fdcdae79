// SPDX-License-Identifier: Apache-2.0

extension Netfilter.Packet {
    /// Whether `match` holds for the packet, with the sets of `table`.
    package func satisfies(_ match: Netfilter.Match, in table: Netfilter.Table) -> Netfilter.Truth {
        guard let elements = table.elements(match.operand) else { return .maybe }
        var found = Netfilter.Truth.no
        for element in elements where found != .yes {
            // Sets of addresses may be long: most elements are passed over at once.
            if case .numbers(let range)? = element.values.first, let own = addresses(match.fields), !range.overlaps(own)
            {
                continue
            }
            found = found || fits(element, match.fields)
        }
        return match.comparison == .isOneOf ? found : !found
    }

    /// Whether the packet's `fields` have the values of this element.
    func fits(_ element: Netfilter.Element, _ fields: [Netfilter.Field]) -> Netfilter.Truth {
        if element.values == [.anything] { return .yes }
        guard element.values.count == fields.count else { return .maybe }
        var truth = Netfilter.Truth.yes
        for (field, value) in zip(fields, element.values) where truth != .no { truth = truth && holds(field, value) }
        return truth
    }

    /// The addresses of the packet that a condition on them alone compares.
    private func addresses(_ fields: [Netfilter.Field]) -> ClosedRange<UInt32>? {
        switch fields {
        case [.source]: source
        case [.destination]: destination
        default: nil
        }
    }

    private func holds(_ field: Netfilter.Field, _ value: Netfilter.Value) -> Netfilter.Truth {
        if value == .anything { return .yes }
        return switch field {
        case .version: lies(4...4, in: value)
        case .protocolNumber: lies(protocolNumber.map { UInt32($0)...UInt32($0) }, in: value)
        case .source: lies(source, in: value)
        case .destination: lies(destination, in: value)
        case .mark: isMarked(value)
        case .inputDevice, .inputBridge: isNamed(inputDevice, value)
        case .outputDevice, .outputBridge: isNamed(outputDevice, value)
        case .originalSource: state == .new ? lies(source, in: value) : .maybe
        case .originalDestination: state == .new && isRedirected == .no ? lies(destination, in: value) : .maybe
        case .sourceType: isOf(sourceTypes, value)
        case .destinationType: isOf(destinationTypes, value)
        case .destinationTypeAtDevice: isOf(destinationTypesAtDevice, value)
        default: holdsOfLink(field, value)
        }
    }

    private func holdsOfLink(_ field: Netfilter.Field, _ value: Netfilter.Value) -> Netfilter.Truth {
        switch (field, value) {
        case (.connectionState, .state(let other)): state.map { Netfilter.Truth($0 == other) } ?? .maybe
        // iptables lists two bits of the status among the states: `--ctstate RELATED,DNAT`.
        case (.connectionState, .word(let name)), (.connectionStatus, .word(let name)): hasStatus(name)
        case (.connectionDirection, .word(let name)): state == .new ? Netfilter.Truth(name == "original") : .maybe
        case (.packetType, .word(let name)): Netfilter.Truth(["host", "unicast"].contains(name))
        case (.helper, _): protocolNumber.map { [6, 17].contains($0) } ?? true ? .maybe : .no
        case (.returnPath, .exists(let isThere)): isThere ? hasReturnPath : !hasReturnPath
        // A device of IPv4 removes the tag of its VLAN before it hands the packet on; a bridge need not.
        case (.vlan, _): bridges.isEmpty ? .no : .maybe
        default: .maybe
        }
    }

    private func lies(_ own: ClosedRange<UInt32>?, in value: Netfilter.Value) -> Netfilter.Truth {
        guard let own, case .numbers(let range) = value else { return .maybe }
        if range.lowerBound <= own.lowerBound, own.upperBound <= range.upperBound { return .yes }
        return range.overlaps(own) ? .maybe : .no
    }

    private func isMarked(_ value: Netfilter.Value) -> Netfilter.Truth {
        guard let mark else { return .maybe }
        switch value {
        case .masked(let mask, let value):
            if (mark & mask ^ value) & ~unknownMarkBits != 0 { return .no }
            return mask & unknownMarkBits == 0 ? .yes : .maybe
        case .numbers: return unknownMarkBits == 0 ? lies(mark...mark, in: value) : .maybe
        default: return .maybe
        }
    }

    /// A packet without a device has one of no name.
    private func isNamed(_ own: Netfilter.Device, _ value: Netfilter.Value) -> Netfilter.Truth {
        guard case .device(let name) = value else { return .maybe }
        let isPattern = name.hasSuffix("*")
        switch own {
        case .none: return Netfilter.Truth(isPattern ? name == "*" : name.isEmpty)
        case .named(let own): return Netfilter.Truth(isPattern ? own.hasPrefix(name.dropLast()) : own == name)
        case .other(let excluded):
            if name == "*" { return .yes }
            return isPattern || ![excluded, "lo", ""].contains(name) ? .maybe : .no
        }
    }

    private func isOf(_ types: Set<Netfilter.AddressType>, _ value: Netfilter.Value) -> Netfilter.Truth {
        guard case .word(let name) = value, let type = Netfilter.AddressType(rawValue: name) else { return .maybe }
        return types == [type] ? .yes : types.contains(type) ? .maybe : .no
    }

    /// The bits of `ct status`. NAT is decided by the first packet of a connection.
    private func hasStatus(_ name: String) -> Netfilter.Truth {
        switch name {
        case "dnat": isRedirected
        case "seen-reply": state.map { Netfilter.Truth($0 == .established) } ?? .maybe
        case "expected": state.map { $0 == .related } ?? true ? .maybe : .no
        case "assured", "confirmed": state == .new ? .no : .maybe
        case "snat": state == .new && outputDevice == .none ? .no : .maybe
        default: .maybe
        }
    }
}

extension Netfilter.Table {
    /// The values that a rule compares with; `nil` for a set that was not read.
    func elements(_ operand: Netfilter.Operand) -> [Netfilter.Element]? {
        switch operand {
        case .elements(let elements): elements
        case .set(let name): sets[name]
        }
    }
}
