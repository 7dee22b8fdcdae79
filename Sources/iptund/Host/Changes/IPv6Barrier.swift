// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// No way for IPv6 beyond the neighbours on the link (`KillSwitch = all`).
struct IPv6Barrier: ChangeKind {
    func standing(_ facts: HostFacts) -> HostChange.Standing {
        guard facts.hasIPv6Barrier == true else { return .missing(before: nil) }
        return .there(.ours(before: nil))
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) {
        try netlink.addIPv6Barrier(protocolNumber: HostChange.protocolNumber)
    }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        try netlink.removeIPv6Barrier(protocolNumber: HostChange.protocolNumber)
    }

    var command: HostChange.Command { ("ip route", "ip -6 route add \(text)") }

    func reverse(to before: UInt32?) -> HostChange.Command { ("ip route", "ip -6 route delete \(text)") }

    private var text: String { "unreachable default proto \(HostChange.protocolNumber) metric 1" }

    func isShared(besides ours: Int32) -> Bool { true }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool { true }

    func isCredible(_ claim: Testimony.Claim) -> Bool {
        claim.settings?.killSwitch == .all && !claim.others.contains(.noIPv6Beyond)
    }

    var isLasting: Bool { true }
}
