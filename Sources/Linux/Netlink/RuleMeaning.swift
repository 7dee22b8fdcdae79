// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// What a rule does with packets that this host sends, as far as that can be told without sending any.
///
/// Follows Linux, `fib_rule_match`, `fib4_rule_match` and `fib4_rule_action`.
package struct RuleMeaning: Equatable, Sendable {
    package var sense = RoutingRule.Sense.these
    package var source: Prefix?
    package var destination: Prefix?
    package var mark: PacketMark?
    package var ipProtocol: UInt8?
    package var users: ClosedRange<UInt32>?
    /// Whether it asks for what no outer packet has: a link that it came by or has to leave by, ports, a DSCP, a VRF.
    package var isAboutOthers = false
    package var action = Action.next
    /// Routes of the table whose prefix is not longer than this do not count.
    package var suppressPrefixLength: Int?

    /// What becomes of packets that it is about.
    package enum Action: Equatable, Sendable {
        /// The table of this number is looked into.
        case table(UInt32)
        /// The rule of this priority is next.
        case goto(UInt32)
        /// Nothing.
        case next
        /// They are refused or dropped.
        case nowhere
    }

    /// A packet of this host, before its way is known.
    package struct Flow: Sendable {
        package let destination: IPv4Address
        /// `nil` while the way chooses it.
        package let source: IPv4Address?
        package let mark: UInt32
        package let ipProtocol: UInt8
        /// Whose socket sends it.
        package let user: UInt32

        package init(
            to destination: IPv4Address, from source: IPv4Address?, mark: UInt32, ipProtocol: UInt8, user: UInt32
        ) {
            (self.destination, self.source, self.mark) = (destination, source, mark)
            (self.ipProtocol, self.user) = (ipProtocol, user)
        }
    }

    /// Looks into this table, whatever the packet.
    package init(lookingInto table: UInt32 = 0, suppressPrefixLength: Int? = nil) {
        if table != 0 { action = .table(table) }
        self.suppressPrefixLength = suppressPrefixLength
    }

    /// The same as `rule` says.
    init(_ rule: RoutingRule?, table: UInt32) {
        self.init(lookingInto: table)
        guard let rule else { return }
        sense = rule.sense
        source = rule.source.map { Prefix(host: $0) }
        (mark, ipProtocol, users) = (rule.mark, rule.ipProtocol, rule.users)
        isAboutOthers =
            rule.destinationPorts != nil || rule.sourcePorts != nil || rule.input.map { $0 != "lo" } ?? false
        if let target = rule.target { action = .goto(target) }
        suppressPrefixLength = rule.suppressPrefixLength.map(Int.init)
    }

    /// Whether it is about this packet.
    package func fits(_ flow: Flow) -> Bool {
        let isFit =
            !isAboutOthers && source?.contains(flow.source ?? .unspecified) != false
            && destination?.contains(flow.destination) != false && mark?.fits(flow.mark) != false
            && ipProtocol.map { $0 == flow.ipProtocol } != false && users?.contains(flow.user) != false
        return isFit == (sense == .these)
    }
}

extension RuleMeaning {
    init(_ reply: borrowing Reply<fib_rule_hdr>, table: UInt32) {
        let header = reply.header
        sense = header.flags & UInt32(FIB_RULE_INVERT) == 0 ? .these : .others
        source = Self.block(reply.address(FRA_SRC), header.src_len)
        destination = Self.block(reply.address(FRA_DST), header.dst_len)
        mark = reply.number(FRA_FWMASK).flatMap { PacketMark((reply.number(FRA_FWMARK) ?? 0) & $0, mask: $0) }
        // 0 is any.
        ipProtocol = reply.octet(FRA_IP_PROTO).flatMap { $0 == 0 ? nil : $0 }
        users = reply.numberRange(FRA_UID_RANGE)
        // Outer packets of this host come from no link but "lo", and leave by whatever link the way says.
        isAboutOthers =
            header.tos != 0 || reply.text(FRA_IIFNAME).map { $0 != "lo" } ?? false
            || [FRA_OIFNAME, FRA_SPORT_RANGE, FRA_DPORT_RANGE, RuleMeaning.dscp].contains { reply.contains($0) }
            || reply.octet(FRA_L3MDEV).map { $0 != 0 } ?? false
        suppressPrefixLength = reply.number(FRA_SUPPRESS_PREFIXLEN).flatMap { $0 == .max ? nil : Int($0) }
        action =
            switch Int(header.action) {
            case Int(FR_ACT_TO_TBL): .table(table)
            case Int(FR_ACT_GOTO): reply.number(FRA_GOTO).map(Action.goto) ?? .next
            case Int(FR_ACT_BLACKHOLE), Int(FR_ACT_UNREACHABLE), Int(FR_ACT_PROHIBIT): .nowhere
            default: .next
            }
    }

    private static func block(_ address: IPv4Address?, _ length: UInt8) -> Prefix? {
        length == 0 ? nil : Prefix(address ?? .unspecified, length: Int(length))
    }

    /// FRA_DSCP, which headers of Linux 6.1 do not have.
    private static let dscp = 25
}
