// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// The 1994 README's "static route to B": host routes to peers, as packets to them would go without the tunnel.
///
/// A pin stands where outer packets could be led into the tunnel that they come from: for a bare peer, since anything may be routed
/// into the tunnel later, and for each peer that something is routed for into the device. It is a copy of the route that packets
/// to the peer take, with all its next hops, so that nothing but the tunnel notices it; and it follows that route.
///
/// A peer on the link is its own gateway: packets go the same way, but for a neighbour the kernel would make and free a route
/// entry per packet that carries its own header (Linux, `FLOWI_FLAG_KNOWN_NH`); for a gateway it keeps one.
enum Pin {
    /// Whether a tunnel can have pins: its routes are its own affair, and outer packets leave where its device is.
    static func isWanted(_ settings: TunnelSettings) -> Bool { settings.table != .off && settings.namespace == nil }

    /// The peers that a route could lead into the tunnel itself.
    ///
    /// - Parameters:
    ///   - known: the address of each peer that has one.
    ///   - routed: what leads into the device in `main`, by whatever program.
    static func peers(
        of settings: TunnelSettings, known: [IPv4Address], routed: [Prefix]
    ) -> [IPv4Address] {
        guard isWanted(settings) else { return [] }
        if case .automatic = settings.table, let peer = settings.peers.first, peer.allowed == nil { return known }
        let networks = settings.addresses.compactMap(\.connected) + routed
        return known.filter { peer in networks.contains { $0.length > 0 && $0.contains(peer) } }
    }

    /// The pins that these peers should have now, in their order: none for one that nothing leads to, unless it has been pinned
    /// before, and still is: its only route may have made way for one into the tunnel. Needs no privilege.
    ///
    /// - Parameters:
    ///   - made: pins that were made before.
    ///   - routed: what leads into the device in `main`.
    ///   - device: the tunnel's own.
    ///   - local: our address towards the peers, if `Local` names one.
    ///   - user: who sends outer packets.
    static func routes(
        to peers: [IPv4Address], made: [Route] = [], routed: [Prefix] = [], besides device: Int32, local: IPv4Address?,
        mark: PacketMark,
        user: UInt32,
        _ netlink: borrowing Netlink
    ) throws(Errno) -> [Route] {
        guard !peers.isEmpty else { return [] }
        let rules = try netlink.rules()
        let objects = try netlink.nextHopObjects()
        let sorted = peers.sorted { $0.rawValue < $1.rawValue }.map(\.rawValue)
        var tables: [UInt32: [TableRoute]] = [:]
        for rule in rules {
            guard case .table(let number) = rule.meaning.action, tables[number] == nil else { continue }
            tables[number] = try netlink.routes(in: number, objects: objects) { $0.holdsAny(of: sorted) }
        }
        let underlay = UnderlayRoutes(rules: rules, tables: tables, device: device)
        var pins: [Route] = []
        for peer in peers {
            let flow = RuleMeaning.Flow(
                to: peer, from: local ?? source(to: peer, mark, netlink), mark: mark.value,
                ipProtocol: IPProtocol.ipip.rawValue, user: user)
            let best: UnderlayRoutes.Best
            switch underlay.outcome(flow) {
            case .decided: continue
            case .nothing:
                let standing = made.first { $0.destination == Prefix(host: peer) && underlay.has($0) }
                pins += [standing ?? barrier(to: peer, routed)].compactMap(\.self)
                continue
            case .best(let found): best = found
            }
            pins.append(
                Route(
                    to: Prefix(host: peer), by: best.hops.map { hop(to: peer, as: $0, netlink) }, source: best.source,
                    protocolNumber: HostChange.protocolNumber, mtu: best.mtu))
        }
        return pins
    }

    /// What keeps outer packets from going round as long as nothing but the tunnel itself leads to a peer.
    private static func barrier(to peer: IPv4Address, _ routed: [Prefix]) -> Route? {
        guard routed.contains(where: { $0.contains(peer) }) else { return nil }
        return .unreachable(Prefix(host: peer), protocolNumber: HostChange.protocolNumber)
    }

    /// The source that packets to a peer have today, which rules may ask for.
    private static func source(to peer: IPv4Address, _ mark: PacketMark, _ netlink: borrowing Netlink) -> IPv4Address? {
        ((try? netlink.lookUp(peer, mark: mark.value)) ?? nil)?.source
    }

    /// The same next hop for a single host.
    private static func hop(to peer: IPv4Address, as hop: NextHop, _ netlink: borrowing Netlink) -> NextHop {
        guard let gateway = hop.gateway else {
            return NextHop(.ipv4(peer), link: hop.link, isOnLink: true, weight: hop.weight)
        }
        guard !hop.isOnLink, case .ipv4(let address) = gateway else { return hop }
        // A gateway that no route of the link leads to any more was there when its route was made.
        let isNear = ((try? netlink.lookUp(address, through: hop.link)) ?? nil).map { $0.gateway == nil } ?? false
        return NextHop(gateway, link: hop.link, isOnLink: !isNear, weight: hop.weight)
    }
}

extension Prefix {
    /// Whether one of the addresses, in ascending order, lies in the block.
    func holdsAny(of addresses: [UInt32]) -> Bool {
        var (low, high) = (0, addresses.count)
        while low < high {
            let middle = (low + high) / 2
            if addresses[middle] < address.rawValue { low = middle + 1 } else { high = middle }
        }
        return low < addresses.count && addresses[low] <= last.rawValue
    }
}
