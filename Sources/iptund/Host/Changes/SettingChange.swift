// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// A setting of one device, ours or one that forwards or answers for the tunnel.
struct SettingChange: ChangeKind {
    let setting: InterfaceSetting
    let value: UInt32
    let device: HostChange.Device

    var subject: HostChange.Subject? { .setting(setting, device) }

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        if facts.missingLinks.contains(device.index) { return .gone }
        let present = facts.settings[device.index]?[setting]
        guard present == value else { return .missing(before: present) }
        // What another tunnel of ours made is both tunnels' own: the last one goes back to what it was before.
        let change = HostChange.setting(setting, value, on: device)
        if let step = facts.shared.first(where: { $0.change == change }) { return .there(.ours(before: step.before)) }
        return .there(device == facts.device?.device ? .none : .others)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) { try netlink.set(setting, to: value, link: device.index) }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        guard let before, try device.isStill(netlink), try netlink.settings(link: device.index)[setting] == value else {
            return false
        }
        try netlink.set(setting, to: before, link: device.index)
        return true
    }

    var command: HostChange.Command { ("sysctl", "sysctl -w \(key)=\(value)") }

    func reverse(to before: UInt32?) -> HostChange.Command {
        ("sysctl", "sysctl -w \(key)=\(before.map(String.init) ?? "?")")
    }

    /// By the name that sysctl(8) has for it, in which a dot of a device's name is a slash.
    private var key: String {
        let name = device.name.map { $0 == "." ? "/" : $0 }
        return "net.ipv4.conf.\(String(name)).\(setting.rawValue)"
    }

    func isShared(besides ours: Int32) -> Bool { device.index != ours }

    /// The closed table of what tunnels set on others' devices, and what can have been there before.
    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool {
        switch (setting, value) {
        case (.forwarding, 1), (.proxyARP, 1): [nil, 0].contains(before)
        case (.sendRedirects, 0): [nil, 1].contains(before)
        default: device == state.device
        }
    }

    /// A setting of the tunnel's own device, or of one that root's own file names for it.
    func isCredible(_ claim: Testimony.Claim) -> Bool {
        if device == claim.device { return claim.hasDevice }
        guard let settings = claim.settings, settings.forward != .off || settings.proxyARP != nil else { return false }
        if settings.proxyARP?.device.text == device.name { return true }
        switch settings.forward {
        case .off: return false
        case .connected: return setting == .forwarding && settings.proxyARP == nil
        case .devices(let names): return setting == .forwarding && names.contains { $0.text == device.name }
        }
    }
}
