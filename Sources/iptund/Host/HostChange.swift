// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// One change to the host that can be made, shown as a command, and taken back. What each kind is, is in a file of its own
/// (``ChangeKind``).
enum HostChange: Hashable, Codable {
    /// ``NoIPv6``.
    case noIPv6(on: Device)
    /// ``MTUChange``, octets.
    case mtu(Int, on: Device)
    /// ``AddressChange``.
    case address(InterfaceAddress, on: Device)
    /// ``UpChange``.
    case up(Device)
    /// ``RouteChange``.
    case route(Route, on: Device)
    /// ``RuleChange``.
    case rule(RoutingRule)
    /// ``ProxyChange``.
    case proxy(IPv4Address, on: Device)
    /// ``SettingChange``.
    case setting(InterfaceSetting, UInt32, on: Device)
    /// ``CommonRedirects``.
    case noCommonRedirects
    /// ``FilterChange``.
    case filter(EgressFilter)
    /// ``IPv6Barrier``.
    case noIPv6Beyond

    /// A link by number, which changes are made with, and by name, which people read.
    struct Device: Hashable, Codable {
        let index: Int32
        let name: String

        /// None: what is unreachable leads to no device, and stays the same when the tunnel's is another one.
        static let none = Device(index: 0, name: "")

        /// By number: a link that was renamed is the same.
        static func == (one: Device, other: Device) -> Bool { one.index == other.index }
        func hash(into hasher: inout Hasher) { hasher.combine(index) }
    }

    /// Our routes and rules in `ip route` and `ip rule`: a number that nobody else uses (rtnetlink(7), `rtm_protocol`).
    static let protocolNumber: UInt8 = 203

    /// What a change is about, where a host has one of it: the MTU of a device, the route to a prefix.
    enum Subject: Hashable {
        case name(Device)
        case mtu(Device)
        case setting(InterfaceSetting, Device)
        case route(Prefix, table: UInt32, metric: UInt32)
        case filter(String, EgressFilter.Family)
        case only(HostChange)
    }

    /// All that there is to know of it.
    var kind: any ChangeKind {
        switch self {
        case .noIPv6(let device): NoIPv6(device: device)
        case .mtu(let octets, let device): MTUChange(octets: octets, device: device)
        case .address(let address, let device): AddressChange(address: address, device: device)
        case .up(let device): UpChange(device: device)
        case .route(let route, let device): RouteChange(route: route, device: device)
        case .rule(let rule): RuleChange(rule: rule)
        case .proxy(let address, let device): ProxyChange(address: address, device: device)
        case .setting(let setting, let value, let device): SettingChange(setting: setting, value: value, device: device)
        case .noCommonRedirects: CommonRedirects()
        case .filter(let filter): FilterChange(filter: filter)
        case .noIPv6Beyond: IPv6Barrier()
        }
    }

    /// What it is about.
    var subject: Subject { kind.subject ?? .only(self) }

    /// The command that does the same.
    var command: Command { kind.command }

    /// What could not be done, where it could not be made: tables of nftables take a long command.
    var failure: String {
        guard case .filter(let filter) = self else { return "cannot '\(command.text)'" }
        return "cannot make table \(filter.family.text) \(filter.table) of nftables"
    }

    /// The device that it is about, if it is about one.
    var device: Device? {
        switch self {
        case .noIPv6(let device), .mtu(_, let device), .address(_, let device), .up(let device): device
        case .route(_, let device), .proxy(_, let device), .setting(_, _, let device): device
        case .rule, .noCommonRedirects, .filter, .noIPv6Beyond: nil
        }
    }

    /// Whether it is there to outlive a daemon that dies.
    var isKillSwitch: Bool {
        switch self {
        case .route(let route, _): route.kind == .unreachable && !isPin
        case .filter, .noIPv6Beyond: true
        default: false
        }
    }
}

/// A change that is made, and what was there before where that is one of many possibilities.
struct Step: Hashable, Codable {
    let change: HostChange
    /// The MTU or setting to go back to.
    var before: UInt32?
    /// What held for all devices when it was made, where that matters.
    var common: UInt32?

    /// The command that takes the change back.
    var reverseCommand: HostChange.Command { change.kind.reverse(to: before) }

    /// Takes the change back. Returns false when there was nothing left to take back: what another program changed since is
    /// its own.
    func revert(_ netlink: borrowing Netlink) throws(Errno) -> Bool {
        do throws(Errno) {
            // Who lets the host forward meanwhile lets every device do so.
            if case .setting(.forwarding, 1, _) = change, common == 0, try Sysctl.read(HostFacts.forwarding) == 1 {
                return false
            }
            return try change.kind.takeBack(to: before, netlink)
        } catch {
            // With a device went its addresses, routes and settings.
            if [.noDevice, .noSuchProcess, .addressNotAvailable, .noSuchFile].contains(error) { return false }
            throw error
        }
    }
}

extension HostChange.Device {
    /// Whether the link of this number is this one, be it under another name: numbers are given again.
    func isStill(_ netlink: borrowing Netlink) throws(Errno) -> Bool {
        guard let link = try netlink.link(index: index) else { return false }
        if link.name == name { return true }
        return try netlink.link(named: name) == nil
    }
}

extension Complaint {
    /// Something else is where the change would go.
    init(inTheWayOf change: HostChange) {
        if case .filter(let filter) = change {
            let table = "\(filter.family.text) \(filter.table)"
            self.init(
                change.failure, why: "another program made one of this name",
                whatNow: "'nft list table \(table)' shows it; remove it, or give the tunnel's device another name")
            return
        }
        self.init(
            change.failure, why: "there is another one already",
            whatNow: "'ip route' and 'ip address' show it; remove it, or leave it out here")
    }
}
