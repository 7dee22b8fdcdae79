// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// An inner address of our device.
struct AddressChange: ChangeKind {
    let address: InterfaceAddress
    let device: HostChange.Device

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        guard let addresses = facts.device?.addresses else { return .gone }
        return addresses.contains(address) ? .there(.others) : .missing(before: nil)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) { try netlink.add(address, link: device.index) }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        try netlink.remove(address, link: device.index)
        return true
    }

    var command: HostChange.Command { ("ip address", "ip address add \(address) dev \(device.name)") }

    func reverse(to before: UInt32?) -> HostChange.Command {
        ("ip address", "ip address delete \(address) dev \(device.name)")
    }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool { device == state.device }

    func isCredible(_ claim: Testimony.Claim) -> Bool { claim.hasDevice }

    var isAboutDevice: Bool { true }

    var isLasting: Bool { true }
}
