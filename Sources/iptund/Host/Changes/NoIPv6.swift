// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// No IPv6 address of its own for a device that we made: it carries IPv4 only. Goes with the device.
struct NoIPv6: ChangeKind {
    let device: HostChange.Device

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        guard let device = facts.device else { return .gone }
        return device.hasNoOwnIPv6 ? .there(.ours(before: nil)) : .missing(before: nil)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) {
        do throws(Errno) {
            try netlink.disableIPv6AddressGeneration(link: device.index)
        } catch .familyNotSupported {
            return  // A kernel without IPv6 has nothing to switch off.
        }
    }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool { false }

    var command: HostChange.Command { ("ip link", "ip link set dev \(device.name) addrgenmode none") }

    func reverse(to before: UInt32?) -> HostChange.Command { ("ip link", "ip link delete dev \(device.name)") }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool { device == state.device }

    func isCredible(_ claim: Testimony.Claim) -> Bool { claim.hasDevice }

    var isAboutDevice: Bool { true }
}
