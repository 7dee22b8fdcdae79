// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// What a tunnel needs of the host: computed before anything is changed, so that it can be shown, done and taken back.
struct Plan: Equatable {
    /// The changes, in the order in which they are made.
    let changes: [HostChange]
    /// What is there already and will be left alone, now and at the end.
    let alreadyThere: [HostChange]

    /// The facts about the device that the plan starts from.
    struct Device: Equatable {
        let device: HostChange.Device
        let mtu: Int
        let isUp: Bool
        /// Whether it exists for this tunnel alone, and goes with it.
        let isNew: Bool
        let addresses: [InterfaceAddress]
    }

    /// Plans for `settings`, and warns of an MTU that the underlay cannot carry.
    static func make(
        _ settings: TunnelSettings, on state: Device, over underlay: Underlay?, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Plan {
        if let underlay { try check(underlay, settings, state) }
        let plan: Plan
        let conflict: HostChange?
        do throws(Errno) {
            plan = try Plan(settings, on: state, over: underlay, netlink)
            conflict = try plan.conflict(netlink)
        } catch {
            throw Complaint("cannot read the routing table", error, whatNow: "this should not happen")
        }
        if let conflict { throw Complaint(inTheWayOf: conflict) }
        return plan
    }

    private static func check(_ underlay: Underlay, _ settings: TunnelSettings, _ state: Device) throws(Complaint) {
        if let mtu = settings.mtu, mtu > underlay.tunnelMTU {
            standardError(
                "iptund: --mtu \(mtu) is more than \(underlay.device.name) can carry (\(underlay.tunnelMTU) and the outer "
                    + "header): longer packets will be cut, or answered with the MTU that fits; leave --mtu out")
        }
        guard underlay.device.index != state.device.index else {
            throw Complaint(
                "peer \(underlay.peer)", why: "is routed into \(state.device.name) itself",
                whatNow: "add a route to it that avoids the tunnel's device")
        }
    }

    /// What would fail half-way: there is another route to the same prefix, with the metric that ours would have.
    private func conflict(_ netlink: borrowing Netlink) throws(Errno) -> HostChange? {
        for case .route(let route, let device) in changes {
            let others = try netlink.routes(to: route.destination).filter { $0 != route && $0.metric == route.metric }
            if !others.isEmpty { return .route(route, device) }
        }
        return nil
    }

    /// Plans for `settings`. Reads the routing table, and needs no privilege.
    ///
    /// The peer's pin goes first: a route into the tunnel may cover the peer. Addresses come before the device is up, so
    /// that no packet leaves with another source, and routes come last, since they need both.
    init(
        _ settings: TunnelSettings, on state: Device, over underlay: Underlay?, _ netlink: borrowing Netlink
    ) throws(Errno) {
        let device = state.device
        let mtu = settings.mtu ?? underlay?.tunnelMTU ?? TunnelSettings.defaultMTU
        var wanted: [HostChange] = []
        if let underlay, Plan.needsPin(settings, underlay) {
            wanted.append(.route(Plan.pin(underlay), underlay.device))
        }
        // A device that somebody else made keeps what they chose.
        if state.isNew { wanted.append(.noIPv6(device)) }
        if state.mtu != mtu { wanted.append(.mtu(device, octets: mtu, before: state.mtu)) }
        wanted += settings.addresses.map { .address($0, device) }
        if !state.isUp { wanted.append(.up(device)) }
        let source = settings.addresses.first?.address
        wanted += settings.peers.flatMap { $0.allowed ?? [] }.map { prefix in
            let route = Route(
                to: prefix, link: device.index, source: source, protocolNumber: HostChange.routeProtocol)
            return .route(route, device)
        }
        var changes: [HostChange] = []
        var alreadyThere: [HostChange] = []
        for change in wanted {
            if try Plan.isThere(change, state, netlink) { alreadyThere.append(change) } else { changes.append(change) }
        }
        self.changes = changes
        self.alreadyThere = alreadyThere
    }

    /// A bare peer may be covered by any route that somebody adds later; a peer inside of its own prefixes is at once.
    ///
    /// A name may mean another address tomorrow, so it is pinned only when it would loop without.
    private static func needsPin(_ settings: TunnelSettings, _ underlay: Underlay) -> Bool {
        guard let peer = settings.peers.first else { return false }
        if let allowed = peer.allowed { return allowed.contains { $0.contains(underlay.peer) } }
        if case .address = peer.endpoint { return true }
        return false
    }

    /// The 1994 README's "static route to B": a host route as today's route to the peer goes.
    ///
    /// It names the source that other traffic to the peer has today, so that nothing but the tunnel notices the pin. A peer
    /// on the link is its own gateway: packets go the same way, but for a neighbour the kernel would make and free a route
    /// entry per packet that carries its own header (Linux, `FLOWI_FLAG_KNOWN_NH`); for a gateway it keeps one.
    private static func pin(_ underlay: Underlay) -> Route {
        Route(
            to: Prefix(host: underlay.peer), gateway: underlay.gateway ?? underlay.peer, link: underlay.device.index,
            source: underlay.routeSource, protocolNumber: HostChange.routeProtocol,
            isOnLink: underlay.gateway == nil || underlay.isGatewayOnLink)
    }

    /// An equal route of anybody else is there. One of our own was left by a tunnel that was killed together with its
    /// janitor: it is ours to take over and to remove.
    private static func isThere(
        _ change: HostChange, _ state: Device, _ netlink: borrowing Netlink
    ) throws(Errno) -> Bool {
        switch change {
        case .address(let address, _): state.addresses.contains(address)
        case .route(let route, _):
            try netlink.routes(to: route.destination).contains {
                $0.link == route.link && $0.nextHop == route.nextHop && $0.protocolNumber != route.protocolNumber
            }
        case .noIPv6, .mtu, .up: false
        }
    }
}

extension Route {
    /// Who gets the packets next: for a single host on the link, the host itself.
    fileprivate var nextHop: IPv4Address? { gateway ?? (destination.length == 32 ? destination.address : nil) }
}
