// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// How outer packets reach the peer today.
struct Underlay: Equatable {
    /// The peer's address.
    let peer: IPv4Address
    /// Our address towards it.
    let local: IPv4Address
    /// The router on the way; `nil` when the peer is on the link.
    let gateway: IPv4Address?
    /// The source that the route gives to other traffic to the peer, `nil` when it names none.
    let routeSource: IPv4Address?
    /// Whether the gateway must be taken as on the link although no route says so.
    let isGatewayOnLink: Bool
    /// The interface that outer packets leave by.
    let device: HostChange.Device
    /// The longest outer packet that the route takes, octets.
    let mtu: Int

    /// The inner MTU that makes every outer packet fit.
    var tunnelMTU: Int {
        let range = TunnelSettings.mtuRange
        return min(max(mtu - OuterHeader.length, range.lowerBound), range.upperBound)
    }

    /// Asks the routing table. Needs no privilege.
    static func find(
        _ peer: IPv4Address, local: IPv4Address?, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Underlay {
        if let local { try checkIsOurs(local, netlink) }
        let route: ResolvedRoute
        let link: Link?
        let routeSource: IPv4Address?
        let configuredMTU: Int?
        let isGatewayOnLink: Bool
        do throws(Errno) {
            route = try netlink.wayOut(to: peer, from: local)
            link = try netlink.link(index: route.link)
            let source = local ?? (route.kind == .unicast ? route.source : nil)
            configuredMTU = try netlink.configuredMTU(peer, from: source, mark: RawSender.mark)
            routeSource = local == nil ? route.source : try netlink.lookUp(peer).source
            // A gateway that is itself behind a gateway was taken on faith when its route was made.
            if let gateway = route.gateway {
                isGatewayOnLink = try netlink.lookUp(gateway).gateway != nil
            } else {
                isGatewayOnLink = false
            }
        } catch {
            throw Complaint("no route to the peer \(peer)", error, whatNow: "bring the uplink up, or add a route first")
        }
        try checkIsOneHost(peer, route.kind)
        guard let link, let source = local ?? route.source else {
            throw Complaint(
                "no address towards the peer \(peer)", why: "the route has no source",
                whatNow: "give the interface an address, or give --local")
        }
        return Underlay(
            peer: peer, local: source, gateway: route.gateway, routeSource: routeSource,
            isGatewayOnLink: isGatewayOnLink,
            device: HostChange.Device(index: link.index, name: link.name), mtu: min(configuredMTU ?? link.mtu, link.mtu)
        )
    }

    private static func checkIsOneHost(_ peer: IPv4Address, _ kind: ResolvedRoute.Kind) throws(Complaint) {
        switch kind {
        case .unicast: break
        case .local:
            throw Complaint(
                "peer \(peer)", why: "is an address of this host", whatNow: "give the address of the other end")
        case .broadcast, .multicast, .unreachable:
            throw Complaint("peer \(peer)", why: "is no single host", whatNow: "give the address of the other end")
        }
    }

    /// - Throws: that the address is not one of this host.
    static func checkIsOurs(_ local: IPv4Address, _ netlink: borrowing Netlink) throws(Complaint) {
        let addresses: [InterfaceAddress]
        do throws(Errno) {
            addresses = try netlink.addresses(link: nil)
        } catch {
            throw Complaint("cannot list this host's addresses", error, whatNow: "this should not happen")
        }
        guard addresses.contains(where: { $0.address == local }) else {
            throw Complaint(
                "--local \(local)", why: "is not an address of this host",
                whatNow: "'ip -4 address' lists them; leave it out to take what the route says")
        }
    }
}

extension Netlink {
    /// How outer packets leave for `peer`: with our address as their source, which rules may ask for.
    fileprivate func wayOut(to peer: IPv4Address, from local: IPv4Address?) throws(Errno) -> ResolvedRoute {
        if let local { return try lookUp(peer, from: local, mark: RawSender.mark) }
        let route = try lookUp(peer, mark: RawSender.mark)
        guard route.kind == .unicast, let source = route.source else { return route }
        return try lookUp(peer, from: source, mark: RawSender.mark)
    }
}
