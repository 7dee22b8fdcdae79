// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// A rule that says which table to look into.
struct RuleChange: ChangeKind {
    let rule: RoutingRule

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        facts.rules.contains { $0.rule == rule } ? .there(.ours(before: nil)) : .missing(before: nil)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) {
        do throws(Errno) {
            try netlink.add(rule)
        } catch .exists {
            guard try netlink.rules().contains(where: { $0.rule == rule }) else { throw .exists }
        }
    }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        try netlink.remove(rule)
        return true
    }

    var command: HostChange.Command { ("ip rule", "ip rule add \(text)") }

    func reverse(to before: UInt32?) -> HostChange.Command { ("ip rule", "ip rule delete \(text)") }

    private var text: String {
        let sense = (rule.sense == .others ? " not" : "") + (rule.source.map { " from \($0)" } ?? "")
        let input = rule.input.map { " iif \($0)" } ?? ""
        let mark = input + (rule.mark.map { " fwmark \($0)" } ?? "")
        let ports = [("sport", rule.sourcePorts), ("dport", rule.destinationPorts)].map { name, range in
            range.map { " \(name) \($0.lowerBound)" + ($0.count == 1 ? "" : "-\($0.upperBound)") } ?? ""
        }
        let users = rule.users.map { " uidrange \($0.lowerBound)-\($0.upperBound)" } ?? ""
        let ipProtocol = (rule.ipProtocol.map { " ipproto \($0)" } ?? "") + ports.joined() + users
        let table = rule.table == Route.mainTable ? "main" : "\(rule.table)"
        let suppress = rule.suppressPrefixLength.map { " suppress_prefixlength \($0)" } ?? ""
        let action = rule.target.map { "goto \($0)" } ?? "lookup \(table)\(suppress)"
        return "priority \(rule.priority)\(sense)\(mark)\(ipProtocol) \(action) protocol \(rule.protocolNumber)"
    }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool {
        rule.protocolNumber == HostChange.protocolNumber
            && PolicyRouting.places.contains {
                PolicyRouting(place: $0).had(rule.priority) || PolicyRouting(place: $0).has(rule.priority)
            }
    }

    /// A rule at one of the places that the tunnel has, and no other tunnel.
    func isCredible(_ claim: Testimony.Claim) -> Bool {
        guard let routing = claim.routing, !claim.others.contains(.rule(rule)) else { return false }
        return routing.has(rule.priority) || routing.had(rule.priority)
    }

    var isLasting: Bool { true }
}
