// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// One change to the host that can be made, shown as a command, and taken back.
enum HostChange: Hashable, Codable {
    /// No IPv6 address of its own for a device that we made: it carries IPv4 only. Goes with the device.
    case noIPv6(on: Device)
    /// The MTU of our device, octets.
    case mtu(Int, on: Device)
    /// An inner address.
    case address(InterfaceAddress, on: Device)
    /// Switches our device on.
    case up(Device)
    /// A route: a prefix into the tunnel, the peer's pin to the underlay, or a prefix that is to be unreachable.
    case route(Route, on: Device)
    /// A rule that says which table to look into.
    case rule(RoutingRule)
    /// Answers ARP requests for an address on somebody else's device.
    case proxy(IPv4Address, on: Device)
    /// A setting of one device, ours or the one that proxies.
    case setting(InterfaceSetting, UInt32, on: Device)
    /// No ICMP redirects unless a device's own setting asks for them: the kernel sends them if either does.
    case noCommonRedirects

    /// A link by number, which changes are made with, and by name, which people read.
    struct Device: Hashable, Codable {
        let index: Int32
        let name: String

        /// None: what is unreachable leads to no device, and stays the same when the tunnel's is another one.
        static let none = Device(index: 0, name: "")
    }

    /// Our routes and rules in `ip route` and `ip rule`: a number that nobody else uses (rtnetlink(7), `rtm_protocol`).
    static let protocolNumber: UInt8 = 203

    /// What a change is about, where a host has one of it: the MTU of a device, the route to a prefix.
    enum Subject: Hashable {
        case mtu(Device)
        case setting(InterfaceSetting, Device)
        case route(Prefix, table: UInt32, metric: UInt32)
        case only(HostChange)
    }

    /// What it is about.
    var subject: Subject {
        switch self {
        case .mtu(_, let device): .mtu(device)
        case .setting(let setting, _, let device): .setting(setting, device)
        case .route(let route, _): .route(route.destination, table: route.table, metric: route.metric)
        default: .only(self)
        }
    }

    /// Whether other tunnels of this host may want the same, so that the last of them takes it back.
    ///
    /// - Parameter ours: the number of our own device, which nobody shares.
    func isShared(besides ours: Int32) -> Bool {
        switch self {
        case .setting(_, _, let device): device.index != ours
        case .noCommonRedirects: true
        // A pin: one tunnel may carry what is sent to a peer, and another one what comes from it.
        case .route(let route, let device): route.kind == .unicast && device.index != ours
        default: false
        }
    }

    /// Whether it is about the tunnel's device itself, and nothing but it.
    var isAboutDevice: Bool {
        switch self {
        case .noIPv6, .mtu, .address, .up: true
        default: false
        }
    }

    /// Whether it is there as long as the tunnel is, unlike a setting, which may be changed on purpose.
    var isLasting: Bool {
        switch self {
        case .address, .route, .rule, .proxy: true
        default: false
        }
    }

    /// Whether it is there to outlive a daemon that dies.
    var isKillSwitch: Bool {
        if case .route(let route, _) = self { return route.kind == .unreachable }
        return false
    }
}

/// A change that was planned, and what was there before where that is one of many possibilities.
struct Step: Hashable, Codable {
    let change: HostChange
    /// The MTU or setting to go back to.
    var before: UInt32?
}

extension Complaint {
    /// Something else is where the change would go.
    init(inTheWayOf change: HostChange) {
        self.init(
            "cannot '\(change.command.text)'", why: "there is another one already",
            whatNow: "'ip route' and 'ip address' show it; remove it, or leave it out here")
    }
}
