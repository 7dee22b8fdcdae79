// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// A rule that sends some packets to a routing table (ip-rule(8)).
package struct RoutingRule: Hashable, Sendable, Codable {
    /// Rules are asked in this order, the lowest first.
    package let priority: UInt32
    /// Whether it is about packets that what follows fits, or about all others.
    package let sense: Sense
    /// Only packets with this source; `nil` for all.
    package let source: IPv4Address?
    /// Only packets that came by this link; `lo` for those of this host itself, and for the way back that reverse path
    /// filtering looks for; `nil` for all.
    package let input: String?
    /// Only packets that carry this mark (`SO_MARK`); `nil` for all.
    package var mark: PacketMark? { markValue.flatMap { PacketMark($0, mask: markMask ?? .max) } }
    private let markValue: UInt32?
    /// `nil` for all bits.
    private let markMask: UInt32?
    /// Only packets of this IP protocol; `nil` for all.
    package let ipProtocol: UInt8?
    /// Only packets to these ports, 1 to 65534; `nil` for all. Of ICMP that this host sends, type times 256 plus code stands
    /// there (Linux, `flowi_uli`); of what arrives nothing does.
    package let destinationPorts: ClosedRange<UInt16>?
    /// Only packets from these ports, 1 to 65534; `nil` for all.
    package let sourcePorts: ClosedRange<UInt16>?
    /// Only packets of sockets of these users; `nil` for all.
    package let users: ClosedRange<UInt32>?
    /// The priority to go on at, a higher one; `nil` to look into the table.
    package let target: UInt32?
    /// Routes of the table whose prefix is not longer than this do not count; `nil` when all do.
    package let suppressPrefixLength: UInt32?
    /// The number of the table to look in, 0 with a target; the next rule is asked when nothing there fits.
    package let table: UInt32
    /// Who made the rule (`RTPROT_…`): so that everybody removes only their own.
    package let protocolNumber: UInt8

    /// What becomes of the selectors.
    package enum Sense: String, Sendable, Codable {
        /// Packets that they fit.
        case these
        /// Packets that they do not fit (`ip rule add not`, `FIB_RULE_INVERT`).
        case others
    }

    /// A rule as `ip rule add` makes it.
    package init(
        priority: UInt32, sense: Sense = .these, source: IPv4Address? = nil, input: String? = nil,
        mark: PacketMark? = nil, ipProtocol: UInt8? = nil, sourcePorts: ClosedRange<UInt16>? = nil,
        destinationPorts: ClosedRange<UInt16>? = nil,
        users: ClosedRange<UInt32>? = nil, suppressPrefixLength: UInt32? = nil,
        table: UInt32 = 0, target: UInt32? = nil, protocolNumber: UInt8
    ) {
        self.priority = priority
        self.sense = sense
        self.source = source
        self.input = input
        (markValue, markMask) = (mark?.value, mark.flatMap { $0.mask == .max ? nil : $0.mask })
        self.ipProtocol = ipProtocol
        self.destinationPorts = destinationPorts
        self.sourcePorts = sourcePorts
        self.users = users
        self.target = target
        self.suppressPrefixLength = suppressPrefixLength
        self.table = table
        self.protocolNumber = protocolNumber
    }
}

extension RoutingRule {
    /// As lists say it.
    private enum CodingKeys: String, CodingKey {
        case priority, sense, source, input, ipProtocol, sourcePorts, destinationPorts, users, target,
            suppressPrefixLength, table
        case protocolNumber
        case markValue = "mark"
        case markMask = "mask"
    }
}

/// What can be said of any rule.
package struct RuleSummary: Equatable, Sendable {
    /// Rules are asked in this order, the lowest first.
    package let priority: UInt32
    /// The number of the table to look in; 0 when the rule is not about one.
    package let table: UInt32
    /// Who made the rule.
    package let protocolNumber: UInt8
    /// All of it; `nil` when it says something that a ``RoutingRule`` cannot: a source, an interface, another
    /// action.
    package let rule: RoutingRule?
    /// The mark that it asks for; `nil` when it asks for none.
    package let mark: PacketMark?
    /// Which packets of this host it is about, and what becomes of them.
    package let meaning: RuleMeaning

    /// A rule as the kernel would describe it.
    package init(
        priority: UInt32, table: UInt32, protocolNumber: UInt8, rule: RoutingRule?, mark: PacketMark? = nil,
        meaning: RuleMeaning? = nil
    ) {
        self.mark = mark ?? rule?.mark
        self.meaning = meaning ?? RuleMeaning(rule, table: table)
        self.priority = priority
        self.table = table
        self.protocolNumber = protocolNumber
        self.rule = rule
    }
}

/// Rules.
extension Netlink {
    /// Every IPv4 rule, in the order in which they are asked.
    ///
    /// `ip -4 rule show`
    package func rules() throws(Errno) -> [RuleSummary] {
        var header = fib_rule_hdr()
        header.family = UInt8(AF_INET)
        return try collect(Request(RTM_GETRULE, header, flags: NLM_F_DUMP)) { reply in RuleSummary(reply) }
    }

    /// Adds a rule, behind those of the same priority.
    ///
    /// `ip rule add priority P [not] [from A] [iif DEV] [fwmark M] [ipproto N [dport X-Y]] lookup T [suppress_prefixlength L] protocol
    /// PROTOCOL`, or `goto P` instead of the table. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EEXIST` when there is this rule already, or one that differs from it only by asking for addresses,
    ///   too. The same one by another maker is another rule.
    package func add(_ rule: RoutingRule) throws(Errno) {
        try perform(rule.request(RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL))
    }

    /// Removes this rule and no other.
    ///
    /// To the kernel what a request leaves out means "any", and it takes the first rule that fits; so the rules are
    /// looked through first.
    ///
    /// `ip rule delete priority P [fwmark M] [ipproto N] lookup T [suppress_prefixlength L] protocol PROTOCOL`.
    /// Requires `CAP_NET_ADMIN`.
    /// - Throws: `ENOENT` when there is no such rule; `ENOTUNIQ` when the kernel would take another one for it, of the
    ///   same priority, table and maker, that stands before it and asks for more.
    package func remove(_ rule: RoutingRule) throws(Errno) {
        let candidates = try rules().filter { $0.fits(rule) }
        guard candidates.contains(where: { $0.rule == rule }) else { throw Errno.noSuchFile }
        guard candidates.first?.rule == rule else { throw Errno(rawValue: ENOTUNIQ) }
        try perform(rule.request(RTM_DELRULE))
    }
}

extension RoutingRule {
    fileprivate func request(_ type: Int, flags: Int32 = 0) throws(Errno) -> Request<fib_rule_hdr> {
        var header = fib_rule_hdr()
        header.family = UInt8(AF_INET)
        header.table = UInt8(exactly: table) ?? 0
        header.action = UInt8(target == nil ? FR_ACT_TO_TBL : FR_ACT_GOTO)
        header.src_len = source == nil ? 0 : 32
        header.flags = sense == .others ? UInt32(FIB_RULE_INVERT) : 0
        let request = try Request(type, header, flags: flags)
        try request.put(FRA_PRIORITY, priority)
        if let target { try request.put(FRA_GOTO, target) } else { try request.put(FRA_TABLE, table) }
        if let source { try request.put(FRA_SRC, source) }
        if let input { try request.put(FRA_IIFNAME, input) }
        try request.put(FRA_PROTOCOL, protocolNumber)
        if let mark {
            try request.put(FRA_FWMARK, mark.value)
            try request.put(FRA_FWMASK, mark.mask)
        }
        // struct fib_rule_uid_range: two numbers of 32 bits, in this machine's byte order.
        if let users {
            try request.put(FRA_UID_RANGE, FilterBatch.bytes(users.lowerBound) + FilterBatch.bytes(users.upperBound))
        }
        if let ipProtocol { try request.put(FRA_IP_PROTO, ipProtocol) }
        // struct fib_rule_port_range: two numbers of 16 bits, in this machine's byte order.
        for (attribute, ports) in [(FRA_SPORT_RANGE, sourcePorts), (FRA_DPORT_RANGE, destinationPorts)] {
            guard let ports else { continue }
            try request.put(
                attribute,
                (UInt32(ports.lowerBound.bigEndian) << 16 | UInt32(ports.upperBound.bigEndian)).bigEndian)
        }
        if let suppressPrefixLength { try request.put(FRA_SUPPRESS_PREFIXLEN, suppressPrefixLength) }
        return request
    }

    /// What a rule of ours may consist of.
    fileprivate static let attributes: Set = Set(
        [
            FRA_PRIORITY, FRA_TABLE, FRA_PROTOCOL, FRA_FWMARK, FRA_FWMASK, FRA_IP_PROTO, FRA_SUPPRESS_PREFIXLEN,
            FRA_SRC, FRA_IIFNAME, FRA_GOTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_UID_RANGE,
        ].map(Int32.init))
}

extension RuleSummary {
    fileprivate init?(_ reply: borrowing Reply<fib_rule_hdr>) {
        let header = reply.header
        let priority = reply.number(FRA_PRIORITY) ?? 0
        let table = reply.number(FRA_TABLE) ?? UInt32(header.table)
        let maker = reply.octet(FRA_PROTOCOL) ?? 0
        // The kernel writes "no length" as -1.
        let suppressed = reply.number(FRA_SUPPRESS_PREFIXLEN).flatMap { $0 == .max ? nil : $0 }
        let mark = reply.number(FRA_FWMASK).flatMap { PacketMark((reply.number(FRA_FWMARK) ?? 0) & $0, mask: $0) }
        let rule = RoutingRule(
            priority: priority, sense: header.flags & UInt32(FIB_RULE_INVERT) == 0 ? .these : .others,
            source: reply.address(FRA_SRC), input: reply.text(FRA_IIFNAME),
            mark: mark,
            ipProtocol: reply.octet(FRA_IP_PROTO), sourcePorts: reply.portRange(FRA_SPORT_RANGE),
            destinationPorts: reply.portRange(FRA_DPORT_RANGE),
            users: reply.numberRange(FRA_UID_RANGE),
            suppressPrefixLength: suppressed, table: table, target: reply.number(FRA_GOTO), protocolNumber: maker
        )
        // That a target is not there yet is no part of the rule.
        let known = UInt32(FIB_RULE_INVERT) | UInt32(FIB_RULE_UNRESOLVED)
        let isExpressible =
            [UInt8(FR_ACT_TO_TBL), UInt8(FR_ACT_GOTO)].contains(header.action) && header.flags & ~known == 0
            && header.tos == 0 && (header.src_len == 32 || header.src_len == 0)
            && reply.attributes.subtracting(reply.fullPortMasks).isSubset(of: RoutingRule.attributes)
        self.init(
            priority: priority, table: table, protocolNumber: maker, rule: isExpressible ? rule : nil,
            mark: mark, meaning: RuleMeaning(reply, table: table))
    }

    /// Whether the kernel may take this rule when it is told to remove `other`.
    fileprivate func fits(_ other: RoutingRule) -> Bool {
        guard priority == other.priority, table == other.table,
            other.protocolNumber == 0 || protocolNumber == other.protocolNumber
        else { return false }
        // What else it says is not known: the kernel would not mind.
        guard let rule else { return true }
        return rule.sense == other.sense && (other.mark == nil || rule.mark == other.mark)
            && (other.source == nil || rule.source == other.source)
            && (other.input == nil || rule.input == other.input) && rule.target == other.target
            && (other.destinationPorts == nil || rule.destinationPorts == other.destinationPorts)
            && (other.users == nil || rule.users == other.users)
            && (other.sourcePorts == nil || rule.sourcePorts == other.sourcePorts)
            && (other.ipProtocol == nil || rule.ipProtocol == other.ipProtocol)
            && (other.suppressPrefixLength == nil || rule.suppressPrefixLength == other.suppressPrefixLength)
    }
}

extension Reply {
    /// The numbers in an attribute that is a `struct fib_rule_uid_range`.
    func numberRange(_ attribute: some BinaryInteger) -> ClosedRange<UInt32>? {
        guard let both = long(attribute, at: 0) else { return nil }
        let octets = both.bigEndian
        let (first, last) = (UInt32(octets >> 32).bigEndian, UInt32(truncatingIfNeeded: octets).bigEndian)
        return first <= last ? first...last : nil
    }

    /// The masks that Linux 6.15 and later show with single ports (FRA_SPORT_MASK, FRA_DPORT_MASK), where they say nothing.
    fileprivate var fullPortMasks: Set<Int32> {
        Set([28, 29].filter { octets($0).map { $0 == [0xff, 0xff] } ?? false })
    }

    /// The ports in an attribute that is a `struct fib_rule_port_range`.
    func portRange(_ attribute: some BinaryInteger) -> ClosedRange<UInt16>? {
        guard let both = number(attribute) else { return nil }
        // Two numbers in this machine's byte order, the first one at the lower address.
        let octets = both.bigEndian
        let (first, last) = (UInt16(octets >> 16).bigEndian, UInt16(octets & 0xffff).bigEndian)
        return first <= last ? first...last : nil
    }
}
