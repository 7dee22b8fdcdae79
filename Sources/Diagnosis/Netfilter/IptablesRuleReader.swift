// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Reads the options of one rule of iptables.
struct IptablesRuleReader {
    var words: ArraySlice<String>
    let protocols: ProtocolNumbers
    private var steps: [Netfilter.Step] = []

    init(words: ArraySlice<String>, protocols: ProtocolNumbers) {
        self.words = words
        self.protocols = protocols
    }

    mutating func read() -> [Netfilter.Step] {
        while let word = words.popFirst() {
            var (option, comparison) = (word, Netfilter.Comparison.isOneOf)
            if word == "!", let next = words.popFirst() { (option, comparison) = (next, .isNoneOf) }
            read(option, comparison)
        }
        return steps
    }

    private mutating func read(_ option: String, _ comparison: Netfilter.Comparison) {
        switch option {
        case "-s": match(.source, comparison, addresses(next()))
        case "-d": match(.destination, comparison, addresses(next()))
        case "--src-range": match(.source, comparison, addresses(next()))
        case "--dst-range": match(.destination, comparison, addresses(next()))
        case "-i": match(.inputDevice, comparison, .device(device(next())))
        case "-o": match(.outputDevice, comparison, .device(device(next())))
        case "-p": matchProtocol(next(), comparison)
        case "--ctstate", "--state": matchStates(next(), comparison)
        case "--mark": match(.mark, comparison, mark(next()))
        case "-m":
            if !IptablesRuleReader.silentModules.contains(next()) { steps.append(.unknown("-m \(last)")) }
        case "--comment": _ = next()
        case "-j": target(next())
        case "-g": steps.append(.verdict(.goto(next())))
        default:
            // Options of modules that are in doubt already, and what belongs to targets.
            if option.hasPrefix("--"), steps.contains(where: IptablesRuleReader.isDoubt) {
                return
            }
            if option.hasPrefix("-") { steps.append(.unknown(option)) }
        }
    }

    /// Modules whose options are understood, or say nothing about a packet.
    private static let silentModules = ["comment", "conntrack", "state", "iprange", "mark", "tcp", "udp", "icmp"]

    private static func isDoubt(_ step: Netfilter.Step) -> Bool {
        if case .unknown = step { true } else { false }
    }

    private var last = ""

    private mutating func next() -> String {
        last = words.popFirst() ?? ""
        return last
    }

    private mutating func match(
        _ field: Netfilter.Field, _ comparison: Netfilter.Comparison, _ values: Netfilter.Value...
    ) {
        steps.append(.match(.init([field], comparison, .elements(values.map { .init([$0]) }))))
    }

    private mutating func matchProtocol(_ name: String, _ comparison: Netfilter.Comparison) {
        guard name != "all" else { return }
        let number = protocols.number(name).map(UInt32.init)
        match(.protocolNumber, comparison, number.map { .numbers($0...$0) } ?? .unknown(name))
    }

    private mutating func matchStates(_ list: String, _ comparison: Netfilter.Comparison) {
        let values = list.split(separator: ",").map { name -> Netfilter.Value in
            Netfilter.ConnectionState(rawValue: name.lowercased()).map { .state($0) } ?? .unknown(String(name))
        }
        steps.append(
            .match(.init([.connectionState], comparison, .elements(values.map { .init([$0]) }))))
    }

    /// `192.0.2.0/24`, or `192.0.2.1-192.0.2.9`.
    private func addresses(_ text: String) -> Netfilter.Value {
        let ends = text.split(separator: "-").compactMap { IPv4Address($0) }
        if ends.count == 2, ends[0] <= ends[1] { return .numbers(ends[0].rawValue...ends[1].rawValue) }
        guard let prefix = Prefix(text) else { return .unknown(text) }
        return .numbers(prefix.address.rawValue...prefix.last.rawValue)
    }

    /// A plus at its end is the star of others.
    private func device(_ text: String) -> String { text.hasSuffix("+") ? text.dropLast() + "*" : text }

    /// `0x1` or `0x1/0xffffffff`; with another mask it is in doubt.
    private func mark(_ text: String) -> Netfilter.Value {
        let parts = text.split(separator: "/").map { part in
            part.hasPrefix("0x") ? UInt32(part.dropFirst(2), radix: 16) : UInt32(part)
        }
        guard let value = parts.first ?? nil, parts.count == 1 || parts.last == .max else { return .unknown(text) }
        return .numbers(value...value)
    }

    private mutating func target(_ name: String) {
        switch name {
        case "ACCEPT": steps.append(.verdict(.accept))
        case "DROP": steps.append(.verdict(.drop))
        case "REJECT": steps.append(.verdict(.reject))
        case "RETURN": steps.append(.verdict(.return))
        case "NFQUEUE", "QUEUE": steps.append(.verdict(.queue))
        case "MASQUERADE": steps.append(.rewrite(.masquerade))
        case "SNAT": steps.append(.rewrite(.source(newSource)))
        case "DNAT", "REDIRECT": steps.append(.rewrite(.destination))
        case "MARK", "CONNMARK": steps.append(.changeMark)
        case "LOG", "NFLOG", "CT", "NOTRACK", "TRACE", "CLASSIFY", "DSCP", "TOS", "TTL", "TCPMSS", "SET", "AUDIT",
            "CHECKSUM", "CONNSECMARK", "SECMARK":
            break
        default: steps.append(.verdict(.jump(name)))
        }
        // What follows are the target's own options.
        words = []
    }

    /// What stands behind `--to-source`, still unread.
    private var newSource: ClosedRange<UInt32>? {
        guard let option = words.firstIndex(of: "--to-source"), option + 1 < words.endIndex,
            case .numbers(let range) = addresses(words[option + 1])
        else { return nil }
        return range
    }
}
