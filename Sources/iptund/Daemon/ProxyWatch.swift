// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// Sees whether this host still answers for those behind the tunnel: the kernel forgets all proxy entries of a link that goes
/// down, and does not make them again when it comes up.
///
/// The daemon could not either, so that ends it, to be started again. Who removes a single entry by hand has it so.
struct ProxyWatch {
    /// The device that is answered on.
    let device: HostChange.Device
    private let addresses: Set<IPv4Address>

    /// Watches the entries that a tunnel like this has; `nil` when it has none.
    init?(_ settings: TunnelSettings, _ netlink: borrowing Netlink) {
        guard let name = settings.proxyARP?.device.text, let link = try? netlink.link(named: name) else { return nil }
        addresses = Set(Wishes.proxied(settings))
        if addresses.isEmpty { return nil }
        device = HostChange.Device(index: link.index, name: link.name)
    }

    /// Whether all entries are gone although the link is up.
    func isForgotten(_ netlink: borrowing Netlink) -> Bool {
        guard let link = try? netlink.link(index: device.index), link.isUp,
            let present = try? netlink.proxies(link: device.index)
        else { return false }
        return addresses.isDisjoint(with: present.map(\.address))
    }
}
