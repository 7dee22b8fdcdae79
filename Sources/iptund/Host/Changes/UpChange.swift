// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// That our device is switched on.
struct UpChange: ChangeKind {
    let device: HostChange.Device

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        guard let device = facts.device else { return .gone }
        return device.isUp ? .there(.none) : .missing(before: nil)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) { try netlink.setUp(true, link: device.index) }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        guard try netlink.link(index: device.index)?.isUp == true else { return false }
        try netlink.setUp(false, link: device.index)
        return true
    }

    var command: HostChange.Command { ("ip link", "ip link set dev \(device.name) up") }

    func reverse(to before: UInt32?) -> HostChange.Command { ("ip link", "ip link set dev \(device.name) down") }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool { device == state.device }

    func isCredible(_ claim: Testimony.Claim) -> Bool { claim.hasDevice }

    var isAboutDevice: Bool { true }
}
