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
    /// The peer that is pinned: a bare one, given by address. Anything may be routed into the tunnel later, the peer too.
    static func peer(of settings: TunnelSettings) -> PeerAddress? {
        guard let peer = settings.peers.first, peer.allowed == nil, case .automatic = settings.table,
            settings.namespace == nil, case .address = peer.endpoint
        else { return nil }
        return peer.endpoint
    }

    /// The pin of `peer` to `way`. Needs no privilege.
    /// - Parameter local: our address towards the peer, if somebody named it.
    static func route(
        to peer: IPv4Address, as way: Way, local: IPv4Address?, _ netlink: borrowing Netlink
    ) throws(Errno) -> Route {
        let source = local == nil ? way.local : try netlink.lookUp(peer).source
        var isOnLink = true
        if let gateway = way.gateway {
            // A gateway that is itself behind a gateway was taken on faith when its route was made.
            isOnLink = try netlink.lookUp(gateway).gateway != nil
        }
        return Route(
            to: Prefix(host: peer), gateway: way.gateway ?? peer, link: way.link, source: source,
            protocolNumber: HostChange.protocolNumber, isOnLink: isOnLink)
    }
}
