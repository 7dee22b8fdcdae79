// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// A route: a prefix into the tunnel, the peer's pin to the underlay, or a prefix that is to be unreachable.
struct RouteChange: ChangeKind {
    let route: Route
    let device: HostChange.Device

    var subject: HostChange.Subject? { .route(route.destination, table: route.table, metric: route.metric) }

    func standing(_ facts: HostFacts) -> HostChange.Standing {
        let similar = (facts.routes[route.destination] ?? []).filter { $0.table == route.table }
        if similar.contains(route) { return .there(.ours(before: nil)) }
        let isEqual = similar.contains {
            $0.kind == route.kind && $0.link == route.link && $0.nextHop == route.nextHop
                && $0.protocolNumber != route.protocolNumber
        }
        if isEqual { return .there(.others) }
        return similar.contains { $0.metric == route.metric } && !isInOwnTable ? .inTheWay : .missing(before: nil)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) {
        do throws(Errno) {
            try netlink.add(route)
        } catch .exists {
            if isInOwnTable { return try netlink.replace(route) }
            let ours = try netlink.routes(in: route.table, madeBy: route.protocolNumber)
            guard ours.contains(route) else { throw .exists }
        }
    }

    /// Whether the table is the tunnel's own, where no other program has routes.
    private var isInOwnTable: Bool { PolicyRouting.places.contains { PolicyRouting(place: $0).table == route.table } }

    func makeInstead(_ netlink: borrowing Netlink) throws(Errno) { try netlink.replace(route) }

    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool {
        try netlink.remove(route)
        return true
    }

    var command: HostChange.Command { ("ip route", "ip route add \(text)") }

    func reverse(to before: UInt32?) -> HostChange.Command { ("ip route", "ip route delete \(text)") }

    private var text: String {
        let table = route.table == Route.mainTable ? "" : " table \(route.table)"
        let source = route.source.map { " src \($0)" } ?? ""
        let metric = route.metric == 0 ? "" : " metric \(route.metric)"
        guard route.kind == .unicast else {
            return "unreachable \(route.destination)\(table) proto \(route.protocolNumber)\(metric)"
        }
        let gateway = route.gateway.map { " via \($0)" } ?? ""
        let flags = route.isOnLink ? " onlink" : ""
        return "\(route.destination)\(gateway) dev \(device.name)\(table) proto \(route.protocolNumber)\(metric)"
            + "\(source)\(flags)"
    }

    /// A pin: one tunnel may carry what is sent to a peer, and another one what comes from it.
    func isShared(besides ours: Int32) -> Bool { route.kind == .unicast && device.index != ours }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool {
        route.protocolNumber == HostChange.protocolNumber
    }

    /// What leads into the tunnel's own device, or stands in its own table; a barrier that no other tunnel has; and a pin where
    /// root's own file names the peer.
    func isCredible(_ claim: Testimony.Claim) -> Bool {
        guard !claim.others.contains(.route(route, on: device)) else { return false }
        if route.kind == .unreachable {
            let metrics = [WantedState.barrierMetric, WantedState.formerBarrierMetric]
            return metrics.contains(route.metric) && claim.hasTable(route.table)
        }
        if device == claim.device { return claim.hasDevice && route.link == device.index }
        guard let settings = claim.settings, case .address(let address)? = Pin.peer(of: settings) else { return false }
        return HostChange.route(route, on: device).isPin(of: address)
    }

    var isLasting: Bool { true }
}

extension Route {
    /// Who gets the packets next: for a single host on the link, the host itself.
    fileprivate var nextHop: IPv4Address? { gateway ?? (destination.length == 32 ? destination.address : nil) }
}

extension HostChange {
    /// Whether this is the host route that keeps outer packets to `peer` out of the tunnel.
    func isPin(of peer: IPv4Address) -> Bool {
        guard case .route(let route, _) = self else { return false }
        return route.destination == Prefix(host: peer) && route.gateway != nil
    }
}
