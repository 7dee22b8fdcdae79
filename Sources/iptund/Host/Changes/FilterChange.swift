// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// A table of nftables that drops what is for the tunnel alone and leaves by another link: the kill switch's second layer, which
/// stands when routes and rules are gone.
struct FilterChange: ChangeKind {
    let filter: EgressFilter

    var subject: HostChange.Subject? { .filter(filter.table, filter.family) }

    /// What a tunnel's table is called: as its device, which is one of its name.
    static func table(of device: HostChange.Device) -> String { "iptund-\(device.name)" }

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        switch facts.filters[filter.identity] {
        case .ours(filter.content, _): .there(.ours(before: nil))
        case .foreign: .inTheWay
        default: .missing(before: nil)
        }
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) { try netlink.place(filter) }

    /// Whatever it contains by now: there is one of this name.
    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        try netlink.removeEgressFilter(filter.table, filter.family)
    }

    var command: HostChange.Command { ("nft", "nft '\(text)'") }

    func reverse(to before: UInt32?) -> HostChange.Command {
        ("nft", "nft delete table \(filter.family.text) \(filter.table)")
    }

    private var text: String {
        let mark =
            filter.mark.map { "meta mark & 0x\(String($0.mask, radix: 16)) != 0x\(String($0.value, radix: 16)) " } ?? ""
        let questions =
            filter.questioner.map { user in
                "meta skuid \(user) th dport 53 accept comment \"questions \(filter.fingerprint)\"; "
            } ?? ""
        let ranges = filter.destinations.map { $0.text(filter.family) }.joined(separator: ", ")
        let rule =
            filter.destinations.isEmpty
            ? ""
            : questions
                + "oifname != \"\(filter.link)\" oifname != \"lo\" \(mark)\(filter.family.text) daddr { \(ranges) } "
                + "counter drop comment \"\(filter.fingerprint)\"; "
        return "table \(filter.family.text) \(filter.table) { comment \"\(EgressFilter.comment)\"; "
            + "chain \(EgressFilter.chain) { type filter hook postrouting priority \(EgressFilter.priority); \(rule)}; }"
    }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool {
        filter.table == FilterChange.table(of: state.device)
    }

    /// The table of the tunnel's own name, which no other tunnel has.
    func isCredible(_ claim: Testimony.Claim) -> Bool {
        let others = claim.others.map(\.subject)
        return filter.table == FilterChange.table(of: claim.device)
            && !others.contains(.filter(filter.table, filter.family))
    }

    var isLasting: Bool { true }
}

extension EgressFilter {
    /// What a host has one of.
    struct Identity: Hashable {
        let table: String
        let family: Family
    }

    /// What a host has one of.
    var identity: Identity { Identity(table: table, family: family) }
}

extension AddressRange {
    /// As `nft` reads it.
    fileprivate func text(_ family: EgressFilter.Family) -> String {
        func address(_ number: UInt128) -> String {
            switch family {
            case .ipv4: return "\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: number)))"
            case .ipv6:
                let words = (0..<8).reversed().map { UInt16(truncatingIfNeeded: number >> UInt128(16 * $0)) }
                return words.map { String($0, radix: 16) }.joined(separator: ":")
            }
        }
        return first == last ? address(first) : "\(address(first))-\(address(last))"
    }
}
