// SPDX-License-Identifier: Apache-2.0

package import Wire

extension Netfilter {
    /// A packet to ask about, or several at once: whatever its fields leave open.
    package struct Packet: Equatable, Sendable {
        package var source: ClosedRange<UInt32>
        package var destination: ClosedRange<UInt32>
        /// Open when it is `nil`.
        package var protocolNumber: UInt8?
        /// The device that it came by, none when it is our own.
        package var inputDevice: String?
        /// The device that it leaves by, none while that is not known or it is for us.
        package var outputDevice: String?
        /// Open when it is `nil`.
        package var mark: UInt32?
        /// Open when it is `nil`.
        package var state: ConnectionState?

        package init(
            from source: Prefix = .all, to destination: Prefix = .all, protocolNumber: UInt8? = nil,
            inputDevice: String? = nil, outputDevice: String? = nil, mark: UInt32? = nil,
            state: ConnectionState? = nil
        ) {
            self.source = source.address.rawValue...source.last.rawValue
            self.destination = destination.address.rawValue...destination.last.rawValue
            self.protocolNumber = protocolNumber
            self.inputDevice = inputDevice
            self.outputDevice = outputDevice
            self.mark = mark
            self.state = state
        }
    }

    /// Whether a condition holds, for somebody who does not know everything.
    package enum Truth: Sendable {
        case no
        case maybe
        case yes

        static prefix func ! (truth: Truth) -> Truth {
            switch truth {
            case .no: .yes
            case .maybe: .maybe
            case .yes: .no
            }
        }

        static func && (left: Truth, right: Truth) -> Truth {
            if left == .no || right == .no { return .no }
            return left == .yes && right == .yes ? .yes : .maybe
        }

        static func || (left: Truth, right: Truth) -> Truth { !(!left && !right) }
    }
}

extension Netfilter.Packet {
    /// Whether `match` holds for the packet, with the sets of `table`.
    package func satisfies(_ match: Netfilter.Match, in table: Netfilter.Table) -> Netfilter.Truth {
        guard let elements = table.elements(match.operand) else { return .maybe }
        let found = elements.reduce(Netfilter.Truth.no) { $0 || fits($1, match.fields) }
        return match.comparison == .isOneOf ? found : !found
    }

    /// Whether what the packet has in `fields` is this element.
    func fits(_ element: Netfilter.Element, _ fields: [Netfilter.Field]) -> Netfilter.Truth {
        guard element.values.count == fields.count else { return .maybe }
        return zip(fields, element.values).reduce(.yes) { $0 && holds($1.0, $1.1) }
    }

    private func holds(_ field: Netfilter.Field, _ value: Netfilter.Value) -> Netfilter.Truth {
        if value == .anything { return .yes }
        return switch field {
        case .version: lies(4...4, in: value)
        case .protocolNumber: lies(protocolNumber.map { UInt32($0)...UInt32($0) }, in: value)
        case .source: lies(source, in: value)
        case .destination: lies(destination, in: value)
        case .mark: lies(mark.map { $0...$0 }, in: value)
        case .inputDevice: isNamed(inputDevice, value)
        case .outputDevice: isNamed(outputDevice, value)
        case .connectionState: isIn(value)
        case .other: .maybe
        }
    }

    private func lies(_ own: ClosedRange<UInt32>?, in value: Netfilter.Value) -> Netfilter.Truth {
        guard let own, case .numbers(let range) = value else { return .maybe }
        if range.lowerBound <= own.lowerBound, own.upperBound <= range.upperBound { return .yes }
        return range.overlaps(own) ? .maybe : .no
    }

    /// A packet without a device has one of no name.
    private func isNamed(_ own: String?, _ value: Netfilter.Value) -> Netfilter.Truth {
        guard case .device(let name) = value else { return .maybe }
        let own = own ?? ""
        return (name.hasSuffix("*") ? own.hasPrefix(name.dropLast()) : own == name) ? .yes : .no
    }

    private func isIn(_ value: Netfilter.Value) -> Netfilter.Truth {
        guard let state, case .state(let other) = value else { return .maybe }
        return state == other ? .yes : .no
    }
}

extension Netfilter.Table {
    /// What a rule compares with; `nil` for a set that was not read.
    func elements(_ operand: Netfilter.Operand) -> [Netfilter.Element]? {
        switch operand {
        case .elements(let elements): elements
        case .set(let name): sets[name]
        }
    }
}
