// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// No ICMP redirects unless a device's own setting asks for them: the kernel sends them if either does.
struct CommonRedirects: ChangeKind {
    /// Where the kernel keeps what holds for all devices.
    static let path = "conf/all/send_redirects"

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        guard facts.commonRedirects == 0 else { return .missing(before: facts.commonRedirects) }
        let step = facts.shared.first { $0.change == .noCommonRedirects }
        return .there(step.map { .ours(before: $0.before) } ?? .others)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) { try Sysctl.write(0, to: CommonRedirects.path) }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        guard let before, try Sysctl.read(CommonRedirects.path) == 0 else { return false }
        try Sysctl.write(before, to: CommonRedirects.path)
        return true
    }

    var command: HostChange.Command { ("sysctl", "sysctl -w net.ipv4.conf.all.send_redirects=0") }

    func reverse(to before: UInt32?) -> HostChange.Command {
        ("sysctl", "sysctl -w net.ipv4.conf.all.send_redirects=\(before.map(String.init) ?? "?")")
    }

    func isShared(besides ours: Int32) -> Bool { true }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool { [nil, 1].contains(before) }

    func isCredible(_ claim: Testimony.Claim) -> Bool { claim.settings?.forward ?? .off != .off }
}
