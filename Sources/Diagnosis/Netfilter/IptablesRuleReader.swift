// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Reads the options of one rule of iptables (iptables-extensions(8)).
struct IptablesRuleReader {
    private var words: ArraySlice<String>
    private let protocols: ProtocolNumbers
    private var steps: [Netfilter.Step] = []
    /// The match that options belong to.
    private var module = ""
    private var last = ""

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
        case "-i": match(.inputDevice, comparison, .device(device(next())))
        case "-o": match(.outputDevice, comparison, .device(device(next())))
        case "-p": matchProtocol(next(), comparison)
        case "-m": enter(next())
        case "-j": target(next())
        case "-g": steps.append(.verdict(.goto(next())))
        case "-f": steps.append(.unknown("a fragment"))
        default:
            guard !IptablesRuleReader.silentModules.contains(module) else { return }
            if !readOfModule(option, comparison) { doubt(option) }
        }
    }

    /// Matches of protocols: `-p` stands before them, and decides. And a match that says nothing about a packet.
    private static let silentModules = [
        "comment", "tcp", "udp", "udplite", "icmp", "multiport", "sctp", "dccp", "esp", "ah",
    ]
    /// Matches of which at least one option is understood.
    private static let knownModules = [
        "conntrack", "state", "iprange", "mark", "addrtype", "pkttype", "rpfilter", "physdev", "helper", "set",
    ]

    private mutating func enter(_ name: String) {
        module = name
        switch name {
        case "rpfilter": match(.returnPath, words.contains("--invert") ? .isNoneOf : .isOneOf, .exists(true))
        case "esp" where !isProtocolNamed, "ah" where !isProtocolNamed: steps.append(.unknown("-m \(name)"))
        case _ where IptablesRuleReader.silentModules.contains(name): break
        case _ where IptablesRuleReader.knownModules.contains(name): break
        default: steps.append(.unknown("-m \(name)"))
        }
    }

    private var isProtocolNamed: Bool {
        steps.contains { step in
            if case .match(let match) = step { match.fields == [.protocolNumber] } else { false }
        }
    }

    /// Reads an option of a match that is understood; `false` where the option is not.
    private mutating func readOfModule(_ option: String, _ comparison: Netfilter.Comparison) -> Bool {
        switch (module, option) {
        case ("conntrack", "--ctstate"), ("state", "--state"): matchWords(.connectionState, comparison, next())
        case ("conntrack", "--ctstatus"): matchWords(.connectionStatus, comparison, next())
        case ("conntrack", "--ctdir"): matchWords(.connectionDirection, comparison, next())
        case ("conntrack", "--ctproto"): matchProtocol(next(), comparison)
        case ("conntrack", "--ctorigsrc"): match(.originalSource, comparison, addresses(next()))
        case ("conntrack", "--ctorigdst"): match(.originalDestination, comparison, addresses(next()))
        case ("set", "--match-set"): matchSet(comparison, next(), next())
        case ("set", "--return-nomatch"), ("set", "--update-counters"), ("set", "--update-subcounters"): break
        case ("helper", "--helper"): match(.helper, comparison, .unknown(next()))
        case ("iprange", "--src-range"): match(.source, comparison, addresses(next()))
        case ("iprange", "--dst-range"): match(.destination, comparison, addresses(next()))
        case ("mark", "--mark"): match(.mark, comparison, mark(next()))
        case ("addrtype", "--src-type"): matchWords(.sourceType, comparison, next())
        case ("addrtype", "--dst-type"):
            let isLimited = words.contains("--limit-iface-in") || words.contains("--limit-iface-out")
            matchWords(isLimited ? .destinationTypeAtDevice : .destinationType, comparison, next())
        case ("addrtype", "--limit-iface-in"), ("addrtype", "--limit-iface-out"): break
        case ("pkttype", "--pkt-type"): matchWords(.packetType, comparison, next())
        case ("rpfilter", _): break
        // A packet that this host receives, sends or routes is not bridged.
        case ("physdev", "--physdev-is-bridged"):
            steps.append(.match(.init([.inputDevice], comparison, .elements([]))))
        default: return false
        }
        return true
    }

    /// Notes a match that is not understood, once for each option of a module.
    private mutating func doubt(_ option: String) {
        if steps.contains(.unknown("-m \(module)")) { return }
        if option.hasPrefix("-") { steps.append(.unknown(module.isEmpty ? option : "-m \(module) \(option)")) }
    }

    private mutating func next() -> String {
        last = words.popFirst() ?? ""
        return last
    }

    private mutating func match(
        _ field: Netfilter.Field, _ comparison: Netfilter.Comparison, _ value: Netfilter.Value
    ) {
        steps.append(.match(.init([field], comparison, .elements([.init([value])]))))
    }

    private mutating func matchProtocol(_ name: String, _ comparison: Netfilter.Comparison) {
        guard name != "all", name != "0" else { return }
        let number = protocols.number(name).map(UInt32.init)
        match(.protocolNumber, comparison, number.map { .numbers($0...$0) } ?? .unknown(name))
    }

    /// `RELATED,ESTABLISHED`, `LOCAL`, `SEEN_REPLY`
    private mutating func matchWords(_ field: Netfilter.Field, _ comparison: Netfilter.Comparison, _ list: String) {
        let elements = list.split(separator: ",").map { name -> Netfilter.Element in
            let word = String(name.lowercased().map { $0 == "_" ? "-" : $0 })
            if field == .connectionState, let state = Netfilter.ConnectionState(rawValue: word) {
                return .init([.state(state)])
            }
            return .init([.word(word)])
        }
        steps.append(.match(.init([field], comparison, .elements(elements))))
    }

    /// `--match-set NAME src`; a set of pairs, `src,dst`, is not understood.
    private mutating func matchSet(_ comparison: Netfilter.Comparison, _ name: String, _ flags: String) {
        switch flags {
        case "src": steps.append(.match(.init([.source], comparison, .set(name))))
        case "dst": steps.append(.match(.init([.destination], comparison, .set(name))))
        default: steps.append(.unknown("-m set \(name)"))
        }
    }

    /// `192.0.2.0/24`, or `192.0.2.1-192.0.2.9`.
    private func addresses(_ text: String) -> Netfilter.Value {
        let ends = text.split(separator: "-").compactMap { IPv4Address($0) }
        if ends.count == 2, ends[0] <= ends[1] { return .numbers(ends[0].rawValue...ends[1].rawValue) }
        guard let prefix = Prefix(text) else { return .unknown(text) }
        return .numbers(prefix.address.rawValue...prefix.last.rawValue)
    }

    /// iptables ends a pattern with `+`, nft with `*`.
    private func device(_ text: String) -> String { text.hasSuffix("+") ? text.dropLast() + "*" : text }

    /// `0x1` or `0x8000/0x8000`
    private func mark(_ text: String) -> Netfilter.Value {
        let parts = text.split(separator: "/").map { part in
            part.hasPrefix("0x") ? UInt32(part.dropFirst(2), radix: 16) : UInt32(part)
        }
        guard let value = parts.first ?? nil, let mask = parts.last ?? nil else { return .unknown(text) }
        return .masked(mask: parts.count == 1 ? .max : mask, value: value)
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
        case "NETMAP": steps.append(.unknown(name))
        case "DNAT", "REDIRECT": steps.append(.rewrite(.destination))
        case "MARK": steps.append(.changeMark(bits: markBits))
        case "NOTRACK": steps.append(.untrack)
        case "CT" where words.contains("--notrack"): steps.append(.untrack)
        case "HMARK": steps.append(.changeMark(bits: .max))
        case "CONNMARK": if words.contains("--restore-mark") { steps.append(.changeMark(bits: .max)) }
        case _ where IptablesRuleReader.silentTargets.contains(name): break
        default: steps.append(.verdict(.jump(name)))
        }
        // What follows are the target's own options.
        words = []
    }

    /// Targets after which the next rule is asked, and that leave a packet's addresses and mark alone.
    private static let silentTargets = [
        "LOG", "NFLOG", "ULOG", "CT", "NOTRACK", "TRACE", "CLASSIFY", "DSCP", "TOS", "TTL", "ECN", "TCPMSS",
        "TCPOPTSTRIP", "SET", "AUDIT", "CHECKSUM", "CONNSECMARK", "SECMARK", "TEE", "IDLETIMER", "LED", "RATEEST",
        "TPROXY", "SYNPROXY", "CLUSTERIP",
    ]

    /// The bits of the mark that `--set-xmark VALUE/MASK` may change.
    private var markBits: UInt32 {
        guard let option = words.firstIndex(of: "--set-xmark"), option + 1 < words.endIndex,
            case .masked(let mask, let value) = mark(words[option + 1])
        else { return .max }
        return mask | value
    }

    /// The address behind `--to-source`, which is not read yet.
    private var newSource: ClosedRange<UInt32>? {
        guard let option = words.firstIndex(of: "--to-source"), option + 1 < words.endIndex,
            case .numbers(let range) = addresses(words[option + 1])
        else { return nil }
        return range
    }
}
