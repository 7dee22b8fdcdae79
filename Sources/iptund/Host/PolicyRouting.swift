// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// The routing table and the rules of one tunnel whose peers lie behind its own routes.
///
/// Outer packets must not follow these routes, or they would go round for ever. So the routes stand in a table of their own,
/// and rules lead only inner packets there. None is shared: what one tunnel removes is missed by no other.
struct PolicyRouting: Hashable, Codable {
    /// Which of the places that tunnels of a host may have, 0 to 19.
    let place: UInt32

    static let places: Range<UInt32> = 0..<20
    /// Where the rules of the first place begin.
    static let firstPriority: UInt32 = 30_000
    /// Enough for two rules for each length that a prefix can have.
    private static let rulesPerPlace: UInt32 = 100

    /// Of four thousand millions, some that nobody else should use.
    var table: UInt32 { 1_994_000 + place }
    /// Before `main` (32766), and before what `ip rule add` numbers by itself.
    var priorities: Range<UInt32> {
        let first = PolicyRouting.firstPriority + place * PolicyRouting.rulesPerPlace
        return first..<first + PolicyRouting.rulesPerPlace
    }

    /// Rules that send inner packets to our table and nothing else, in the order of their priorities.
    ///
    /// Outer packets that arrive are protocol 4, which is what strict reverse path filtering asks about before it lets
    /// them in; it asks as if this host sent them (`iif lo`), so that protocol 4 of others, which this host may forward, goes
    /// where everything goes. Those that we send carry our mark, and never see our table: not even when `main` has no way for them, as
    /// while the uplink is down. Of what remains, the longest prefix wins as in a single table: for each of `lengths`,
    /// longer routes of `main` first, then ours of that length.
    ///
    /// `strict` are those of our outer addresses whose link filters reverse paths strictly: ICMP errors about outer packets
    /// come to them from any router, which may lie behind a peer like everything else.
    func rules(for lengths: Set<Int>, strict: [IPv4Address] = []) -> [RoutingRule] {
        guard !lengths.isEmpty else { return [] }
        var rules = errorRules(strict)
        func append(
            _ sense: RoutingRule.Sense = .these, input: String? = nil, mark: UInt32? = nil, ipProtocol: UInt8? = nil,
            suppress: Int? = nil, table: UInt32 = 0, target: UInt32? = nil
        ) {
            rules.append(
                RoutingRule(
                    priority: priorities.lowerBound + UInt32(rules.count), sense: sense, input: input, mark: mark,
                    ipProtocol: ipProtocol,
                    suppressPrefixLength: suppress.map(UInt32.init), table: table, target: target,
                    protocolNumber: HostChange.protocolNumber))
        }
        // Goes on to the next one, and so does nothing but this: the kernel looks for the protocol of what arrives only where a
        // rule asks for it that is not about this host's own packets (Linux, `fib_rule_requires_fldissect`).
        append(
            ipProtocol: IPProtocol.ipip.rawValue, target: priorities.lowerBound + UInt32(rules.count) + 1)
        append(input: "lo", ipProtocol: IPProtocol.ipip.rawValue, table: Route.mainTable)
        let descending = lengths.sorted(by: >)
        for length in descending {
            append(suppress: length, table: Route.mainTable)
            let isLast = length == descending.last
            append(.others, mark: RawSender.mark, suppress: isLast ? nil : length - 1, table: table)
        }
        return rules
    }

    /// Rules by which strict filtering finds the way back to whoever sends ICMP to these addresses in `main`.
    ///
    /// The kernel looks for that way as if it answered: from our address, by ICMP, and without a type, since it does not
    /// look so far into what arrives. What this host sends itself has one, and goes on where everything goes. (Type 0, the
    /// echo reply, looks like none: it leaves where its request came in.)
    private func errorRules(_ locals: [IPv4Address]) -> [RoutingRule] {
        let locals = locals.prefix(PolicyRouting.mostStrict)
        let next = priorities.lowerBound + UInt32(2 * locals.count)
        return locals.enumerated().flatMap { index, local in
            let priority = priorities.lowerBound + UInt32(2 * index)
            return [
                RoutingRule(
                    priority: priority, source: local, ipProtocol: IPProtocol.icmp.rawValue,
                    destinationPorts: 1...65_534, target: next, protocolNumber: HostChange.protocolNumber),
                RoutingRule(
                    priority: priority + 1, source: local, ipProtocol: IPProtocol.icmp.rawValue,
                    table: Route.mainTable, protocolNumber: HostChange.protocolNumber),
            ]
        }
    }

    /// Two rules each have their place beside those for 33 lengths.
    private static let mostStrict = 8

    /// The first place whose table and priorities nobody uses; `nil` when all are taken.
    static func free(besides rules: [RuleSummary], isEmpty: (UInt32) throws(Errno) -> Bool) throws(Errno)
        -> PolicyRouting?
    {
        for place in places {
            let routing = PolicyRouting(place: place)
            let isTaken = rules.contains { routing.priorities.contains($0.priority) || $0.table == routing.table }
            if !isTaken, try isEmpty(routing.table) { return routing }
        }
        return nil
    }
}
