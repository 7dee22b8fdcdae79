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
        if similar.contains(where: { $0.fits(route) }) {
            // Of several with one metric the first is taken.
            let isTaken = !isPin || similar.first { $0.metric == route.metric }?.fits(route) == true
            return isTaken ? .there(.ours(before: nil)) : .missing(before: nil)
        }
        let isEqual = similar.contains {
            $0.kind == route.kind && $0.nextHops == route.nextHops && $0.protocolNumber != route.protocolNumber
        }
        if isEqual { return .there(.others) }
        let isTaken = similar.contains { $0.metric == route.metric } && !isInOwnTable && !isPin
        return isTaken ? .inTheWay : .missing(before: nil)
    }

    func make(_ netlink: borrowing Netlink) throws(Errno) {
        do throws(Errno) {
            if isPin { try pin(netlink) } else { try netlink.add(route) }
        } catch .exists {
            if isInOwnTable { return try netlink.replace(route) }
            let ours = try netlink.routes(in: route.table, madeBy: route.protocolNumber)
            guard ours.contains(route) else { throw .exists }
        }
    }

    /// Makes it before whatever else leads to the peer, be it into the tunnel itself.
    private func pin(_ netlink: borrowing Netlink) throws(Errno) {
        do throws(Errno) {
            try netlink.addFirst(route)
        } catch .exists {
            // It is there, and perhaps behind another one.
            try netlink.remove(route)
            try netlink.addFirst(route)
        }
    }

    /// Whether the table is the tunnel's own, where no other program has routes.
    private var isInOwnTable: Bool { PolicyRouting.places.contains { PolicyRouting(place: $0).table == route.table } }

    /// Whether it keeps outer packets out of the tunnel, wherever other routes lead.
    private var isPin: Bool { HostChange.route(route, on: device).isPin }

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
        let mtu = route.mtu.map { " mtu \($0.isLocked ? "lock " : "")\($0.octets)" } ?? ""
        let kind = "\(table) proto \(route.protocolNumber)\(metric)\(source)\(mtu)"
        guard route.hops.count > 1 else {
            return "\(route.destination)\(route.hops.map(text).joined())\(kind)\(route.isOnLink ? " onlink" : "")"
        }
        let hops = route.hops.map { " nexthop\(text($0)) weight \($0.weight)\($0.isOnLink ? " onlink" : "")" }
        return "\(route.destination)\(kind)\(hops.joined())"
    }

    /// A link that is not the first next hop's is known by number only, which `ip` reads as `if7`.
    private func text(_ hop: NextHop) -> String {
        let name = hop.link == device.index || hop.link == route.link ? device.name : "if\(hop.link)"
        return "\(hop.gateway.map { " via \($0)" } ?? "") dev \(name)"
    }

    /// A pin: one tunnel may carry what is sent to a peer, and another one what comes from it.
    func isShared(besides ours: Int32) -> Bool {
        route.kind == .unicast ? device.index != ours : isPin
    }

    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool {
        route.protocolNumber == HostChange.protocolNumber
    }

    /// What leads into the tunnel's own device, or stands in its own table; a barrier that no other tunnel has; and a pin where
    /// root's own file names the peer.
    func isCredible(_ claim: Testimony.Claim) -> Bool {
        guard !claim.others.contains(.route(route, on: device)) else { return false }
        if route.kind == .unreachable, !isPin {
            let metrics = [WantedState.barrierMetric, WantedState.formerBarrierMetric]
            return metrics.contains(route.metric) && claim.hasTable(route.table)
        }
        if device == claim.device { return claim.hasDevice && route.link == device.index }
        guard isPin, let settings = claim.settings, Pin.isWanted(settings) else { return false }
        // Where a name leads today only the tunnel knew.
        return settings.peers.contains { peer in
            switch peer.endpoint {
            case .address(let address): Prefix(host: address) == route.destination
            case .name: true
            }
        }
    }

    var isLasting: Bool { true }
}

extension Route {
    /// Who gets the packets next: for a single host on the link, the host itself.
    fileprivate var nextHops: Set<NextHop> {
        let host = destination.length == 32 ? NextHop.Gateway.ipv4(destination.address) : nil
        return Set(hops.map { NextHop($0.gateway ?? host, link: $0.link, weight: $0.weight) })
    }
}

extension HostChange {
    /// The route that it is about, if it is about one.
    var route: Route? { if case .route(let route, _) = self { route } else { nil } }

    /// Whether this is a host route that keeps outer packets to a peer out of the tunnel.
    var isPin: Bool {
        guard case .route(let route, _) = self else { return false }
        guard route.destination.length == 32, route.table == Route.mainTable else { return false }
        return route.kind == .unicast
            ? route.hops.allSatisfy { $0.gateway != nil } : route.metric == 0
    }
}
