// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// That ARP requests for an address are answered on a device of the host.
struct ProxyChange: ChangeKind {
    let address: IPv4Address
    let device: HostChange.Device

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        if facts.proxies.contains(ProxyNeighbour(address, link: device.index)) { return .there(.others) }
        return facts.missingLinks.contains(device.index) ? .gone : .missing(before: nil)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) {
        try netlink.addProxy(for: address, link: device.index, protocolNumber: HostChange.protocolNumber)
    }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        guard try device.isStill(netlink) else { return false }
        try netlink.removeProxy(for: address, link: device.index)
        return true
    }

    var command: HostChange.Command {
        ("ip neigh", "ip neigh add proxy \(address) dev \(device.name) protocol \(HostChange.protocolNumber)")
    }

    func reverse(to before: UInt32?) -> HostChange.Command {
        ("ip neigh", "ip neigh delete proxy \(address) dev \(device.name)")
    }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool { true }

    func isCredible(_ claim: Testimony.Claim) -> Bool {
        guard let settings = claim.settings, settings.proxyARP?.device.text == device.name else { return false }
        return WantedState.proxied(settings).contains(address)
    }

    var isLasting: Bool { true }
}
