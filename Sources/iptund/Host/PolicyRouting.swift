// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// The routing table and the rules of one tunnel whose peers lie behind its own routes.
///
/// Outer packets must not follow these routes, or they would go round for ever. So the routes stand in a table of their own,
/// and rules lead only inner packets there. None is shared: what one tunnel removes is missed by no other.
///
/// Of all tunnels of a host, and of `main`, the longest prefix wins as in a single table, in whatever order they were started:
/// rules stand by the length that they are about, and of each length those of each place.
struct PolicyRouting: Hashable, Codable {
    /// Which of the places that tunnels of a host may have, 0 to 19.
    let place: UInt32

    static let places: Range<UInt32> = 0..<20
    /// Where the rules of the first place begin that are about kinds of packets.
    static let firstPriority: UInt32 = 29_000
    /// Enough for rules about kinds of packets.
    private static let exceptionsPerPlace: UInt32 = 50
    /// Where the rules about prefixes begin, of the longest.
    private static let firstOfPrefixes: UInt32 = 30_000
    private static let rulesPerLength = UInt32(places.count) * 2

    /// Of four thousand millions, some that nobody else should use.
    var table: UInt32 { 1_994_000 + place }

    /// Before `main` (32766), and before what `ip rule add` numbers by itself.
    var exceptions: Range<UInt32> {
        let first = PolicyRouting.firstPriority + place * PolicyRouting.exceptionsPerPlace
        return first..<first + PolicyRouting.exceptionsPerPlace
    }

    /// Where the two rules for prefixes of this length stand.
    func priority(ofLength length: Int) -> UInt32 {
        PolicyRouting.firstOfPrefixes + UInt32(32 - length) * PolicyRouting.rulesPerLength + 2 * place
    }

    /// Whether a rule of this priority is this place's.
    func has(_ priority: UInt32) -> Bool {
        if exceptions.contains(priority) || priority == landing { return true }
        let last = PolicyRouting.firstOfPrefixes + 33 * PolicyRouting.rulesPerLength - 1
        guard (PolicyRouting.firstOfPrefixes...last).contains(priority) else { return false }
        return (priority - PolicyRouting.firstOfPrefixes) % PolicyRouting.rulesPerLength / 2 == place
    }

    /// Whether a version before had its rules of this place there.
    func had(_ priority: UInt32) -> Bool {
        let first = PolicyRouting.firstOfPrefixes + place * 100
        return (first..<first + 100).contains(priority)
    }

    /// What rules have to know.
    struct Order: Equatable {
        /// Of which length the prefixes are.
        var lengths: Set<Int>
        /// What this tunnel's outer packets are marked with.
        var mark = PacketMark.standard
        /// Those of our outer addresses whose link filters reverse paths strictly.
        var strict: [IPv4Address] = []
        /// Whose questions to name servers leave beside the tunnel; `nil` for none.
        var questioner: UInt32?
    }

    /// Rules that send inner packets to our table and nothing else, in the order in which they can be made.
    ///
    /// Outer packets that arrive are protocol 4, which is what strict reverse path filtering asks about before it lets
    /// them in; it asks as if this host sent them (`iif lo`) without a mark, so that protocol 4 of others, which this host may
    /// forward, goes where everything goes, and outer packets of its other tunnels, too: one tunnel may go through another one.
    /// Those that we send carry our mark, and never see our table: not even when `main` has no way for them, as
    /// while the uplink is down. Of what remains, the longest prefix wins as in a single table: for each length,
    /// longer routes of `main` first, then ours of that length.
    ///
    /// ICMP errors about outer packets come to strict addresses from any router, which may lie behind a peer like everything else.
    func rules(_ order: Order) -> [RoutingRule] {
        guard !order.lengths.isEmpty else { return [] }
        // The end is there before anything leads to it.
        return [end] + exceptions(order) + prefixes(order)
    }

    private func prefixes(_ order: Order) -> [RoutingRule] {
        let descending = order.lengths.sorted(by: >)
        return descending.flatMap { length in
            let first = priority(ofLength: length)
            return [
                RoutingRule(
                    priority: first, suppressPrefixLength: UInt32(length), table: Route.mainTable,
                    protocolNumber: HostChange.protocolNumber),
                RoutingRule(
                    priority: first + 1, sense: .others, mark: order.mark,
                    suppressPrefixLength: length == descending.last ? nil : UInt32(length - 1), table: table,
                    protocolNumber: HostChange.protocolNumber),
            ]
        }
    }

    /// Packets that go where they would go without any tunnel: on to ``landing``, past all prefixes.
    private func exceptions(_ order: Order) -> [RoutingRule] {
        var rules = errorRules(order.strict)
        var next: UInt32 { exceptions.lowerBound + UInt32(rules.count) }
        let ipip = IPProtocol.ipip.rawValue
        // Goes on to the next one, and so does nothing but this: the kernel looks for the protocol of what arrives only where a
        // rule asks for it that is not about this host's own packets (Linux, `fib_rule_requires_fldissect`).
        rules.append(
            RoutingRule(
                priority: next, ipProtocol: ipip, target: next + 1, protocolNumber: HostChange.protocolNumber))
        rules.append(
            RoutingRule(
                priority: next, input: "lo", mark: order.mark.none, ipProtocol: ipip, target: landing,
                protocolNumber: HostChange.protocolNumber))
        guard let user = order.questioner else { return rules }
        for transport in [IPProtocol.udp, .tcp] {
            func append(_ user: UInt32, input: String? = nil, from: ClosedRange<UInt16>?, to: ClosedRange<UInt16>?) {
                rules.append(
                    RoutingRule(
                        priority: next, input: input, ipProtocol: transport.rawValue, sourcePorts: from,
                        destinationPorts: to, users: user...user, target: landing,
                        protocolNumber: HostChange.protocolNumber))
            }
            append(user, from: nil, to: 53...53)
            guard !order.strict.isEmpty else { continue }
            // The way back that strict filtering looks for when an answer comes: as root's, and by the ports of the answer, in
            // later kernels exchanged.
            append(0, input: "lo", from: 53...53, to: nil)
            append(0, input: "lo", from: nil, to: 53...53)
        }
        return rules
    }

    /// Where exceptions go on: behind all prefixes of all tunnels. Rules go on at a rule; this one is about no packet.
    private var end: RoutingRule {
        RoutingRule(
            priority: landing, sense: .others, table: Route.mainTable, protocolNumber: HostChange.protocolNumber)
    }

    /// Its priority.
    var landing: UInt32 {
        PolicyRouting.firstOfPrefixes + 33 * PolicyRouting.rulesPerLength + place
    }

    /// Rules by which strict filtering finds the way back to senders of ICMP to these addresses, as without a tunnel.
    ///
    /// The kernel looks for that way as if it answered: from our address, by ICMP, and without a type, since it does not
    /// look so far into what arrives. What this host sends itself has one, and goes on where everything goes. (Type 0, the
    /// echo reply, looks like none: it leaves where its request came in.)
    private func errorRules(_ locals: [IPv4Address]) -> [RoutingRule] {
        let locals = locals.prefix(PolicyRouting.mostStrict)
        let next = exceptions.lowerBound + UInt32(2 * locals.count)
        return locals.enumerated().flatMap { index, local in
            let priority = exceptions.lowerBound + UInt32(2 * index)
            return [
                RoutingRule(
                    priority: priority, source: local, ipProtocol: IPProtocol.icmp.rawValue,
                    destinationPorts: 1...65_534, target: next, protocolNumber: HostChange.protocolNumber),
                RoutingRule(
                    priority: priority + 1, source: local, ipProtocol: IPProtocol.icmp.rawValue, target: landing,
                    protocolNumber: HostChange.protocolNumber),
            ]
        }
    }

    /// Two rules each have their place beside the others.
    private static let mostStrict = 8

    /// The first place whose table and priorities are not in use, and that no tunnel of `taken` has; `nil` when there is none.
    static func free(
        besides rules: [RuleSummary], taken: Set<PolicyRouting> = [], isEmpty: (UInt32) throws(Errno) -> Bool
    ) throws(Errno) -> PolicyRouting? {
        for place in places {
            let routing = PolicyRouting(place: place)
            let isTaken =
                taken.contains(routing) || rules.contains { routing.has($0.priority) || $0.table == routing.table }
            if !isTaken, try isEmpty(routing.table) { return routing }
        }
        return nil
    }
}
