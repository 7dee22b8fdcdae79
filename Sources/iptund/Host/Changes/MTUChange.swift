// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// The MTU of our device.
struct MTUChange: ChangeKind {
    /// Octets.
    let octets: Int
    let device: HostChange.Device

    var subject: HostChange.Subject? { .mtu(device) }

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        guard let mtu = facts.device?.mtu else { return .gone }
        return mtu == octets ? .there(.none) : .missing(before: UInt32(mtu))
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) { try netlink.setMTU(octets, link: device.index) }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        guard let before, try netlink.link(index: device.index)?.mtu == octets else { return false }
        try netlink.setMTU(Int(before), link: device.index)
        return true
    }

    var command: HostChange.Command { ("ip link", "ip link set dev \(device.name) mtu \(octets)") }

    func reverse(to before: UInt32?) -> HostChange.Command {
        ("ip link", "ip link set dev \(device.name) mtu \(before.map(String.init) ?? "?")")
    }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool { device == state.device }

    func isCredible(_ claim: Testimony.Claim) -> Bool { claim.hasDevice }

    var isAboutDevice: Bool { true }
}
