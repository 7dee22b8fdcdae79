// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// The 1994 README's "static route to B": a host route to a bare peer, as today's route to it goes.
///
/// It names the source that other traffic to the peer has today, so that nothing but the tunnel notices the pin. A peer
/// on the link is its own gateway: packets go the same way, but for a neighbour the kernel would make and free a route
/// entry per packet that carries its own header (Linux, `FLOWI_FLAG_KNOWN_NH`); for a gateway it keeps one.
enum Pin {
    /// The peer that is pinned: a bare one. Anything may be routed into the tunnel later, the peer too.
    static func peer(of settings: TunnelSettings) -> PeerAddress? {
        guard let peer = settings.peers.first, peer.allowed == nil, case .automatic = settings.table,
            settings.namespace == nil
        else { return nil }
        return peer.endpoint
    }

    /// The pin that `peer` should have now; `nil` while nothing leads to it. Needs no privilege.
    ///
    /// The kernel cannot be asked for the way without the pin: so where there is one, the whole table is read.
    /// - Parameters:
    ///   - made: the pin that it has, if it is there still.
    ///   - device: the tunnel's own, into which routes may lead that cover the peer.
    ///   - local: our address towards the peer, if `Local` names one.
    static func route(
        to peer: IPv4Address, made: HostChange?, besides device: Int32, local: IPv4Address?,
        _ netlink: borrowing Netlink
    ) throws(Errno) -> Route? {
        if case .route(let pin, _)? = made {
            let routes = try netlink.routes(in: Route.mainTable)
            if routes.contains(pin) {
                // Where nothing that a Route can say leads there, the pin stays.
                guard let best = best(to: peer, of: routes, besides: device),
                    best.link != pin.link || (best.gateway ?? peer) != pin.gateway
                else { return pin }
                return try route(to: peer, as: best, netlink)
            }
        }
        let way: Way
        do throws(Way.Obstacle) {
            var finder = WayFinder(.otherHosts)
            way = try finder.find(peer, from: local, netlink)
        } catch {
            return nil
        }
        guard way.link == device else {
            let source = local == nil ? way.local : try netlink.lookUp(peer).source
            return try route(to: peer, by: way.gateway, link: way.link, source: source, netlink)
        }
        let best = best(to: peer, of: try netlink.routes(in: Route.mainTable), besides: device)
        guard let best else { return nil }
        return try route(to: peer, as: best, netlink)
    }

    /// A pin that goes as `best`, with the source that the kernel would choose there.
    private static func route(
        to peer: IPv4Address, as best: Route, _ netlink: borrowing Netlink
    ) throws(Errno) -> Route {
        var source = best.source
        if source == nil, let gateway = best.gateway { source = try netlink.lookUp(gateway).source }
        return try route(to: peer, by: best.gateway, link: best.link, source: source, netlink)
    }

    /// Which of `routes` packets to `peer` would take, were it not for the tunnel.
    private static func best(to peer: IPv4Address, of routes: [Route], besides device: Int32) -> Route? {
        let others = routes.filter { route in
            let isPin = route.protocolNumber == HostChange.protocolNumber && route.destination == Prefix(host: peer)
            return route.kind == .unicast && route.link != device && !isPin && route.destination.contains(peer)
        }
        return others.max { left, right in
            (left.destination.length, right.metric) < (right.destination.length, left.metric)
        }
    }

    private static func route(
        to peer: IPv4Address, by gateway: IPv4Address?, link: Int32, source: IPv4Address?, _ netlink: borrowing Netlink
    ) throws(Errno) -> Route {
        var isOnLink = true
        if let gateway {
            // A gateway that is itself behind a gateway was taken on faith when its route was made.
            isOnLink = try netlink.lookUp(gateway).gateway != nil
        }
        return Route(
            to: Prefix(host: peer), gateway: gateway ?? peer, link: link, source: source,
            protocolNumber: HostChange.protocolNumber, isOnLink: isOnLink)
    }
}
