// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// The kill switch's second layer: what drops packets that are the tunnel's and leave by another way.
extension Planning {
    /// The tables that are wanted, as the routes are now; none where they cannot be.
    ///
    /// - Parameter own: the tunnel's own table of routes, if it has one.
    func filters(
        besides rules: [RuleSummary], own: UInt32?, _ netlink: borrowing Netlink
    ) throws(Complaint) -> [EgressFilter] {
        guard settings.killSwitch != .off, filterObstacle == nil, isForAll else { return [] }
        let table = FilterChange.table(of: device.device)
        let link = device.device.index
        // Other tunnels of this host have tables of their own, as specific as routes of `main`.
        let others = Set(rules.map(\.table)).filter { number in
            number != own && PolicyRouting.places.contains { PolicyRouting(place: $0).table == number }
        }
        var elsewhere: Set<RouteWay> = []
        for number in [Route.mainTable] + others.sorted() {
            elsewhere.formUnion(
                try explaining("cannot read the routing table", whatNow: "this should not happen") { () throws(Errno) in
                    try netlink.ways(in: number, besides: link)
                })
        }
        let allowed = settings.peers.flatMap { $0.allowed ?? [] }
        let filter = EgressFilter(
            table, .ipv4, link: device.device.name, mark: mark, questioner: questioner,
            destinations: TunnelDestinations.ranges(
                allowed, besides: elsewhere.lazy.filter { $0.isMeant(allowed) }.map(\.destination)))
        guard settings.killSwitch == .all else { return [filter] }
        let near = try explaining("cannot read the routing table", whatNow: "this should not happen") {
            () throws(Errno) in
            try netlink.neighbouringIPv6()
        }
        let six = EgressFilter(
            table, .ipv6, link: device.device.name, destinations: TunnelDestinations.beyondTheLink(near))
        return [filter, six]
    }

    /// Whether all packets take our routes. Those of a table by number are for some, by rules that are not ours.
    var isForAll: Bool {
        if case .number(let table) = settings.table { return table == Route.mainTable }
        return true
    }

    /// Why there is no second layer; `nil` where there is one, or none is asked for.
    func filterObstacle(_ wanted: WantedState, _ netlink: borrowing Netlink) throws(Complaint) -> String? {
        guard settings.killSwitch != .off else { return nil }
        guard isForAll else { return "Table = N is for packets that rules of others choose" }
        if let obstacle = wanted.filterSizeObstacle { return obstacle }
        for filter in wanted.filters {
            do throws(Errno) {
                try netlink.tryOut(filter)
            } catch .notPermitted {
                return nil  // Who only asks what would be done cannot try.
            } catch .protocolNotSupported {
                return "this kernel has no nftables"
            } catch  where [.notSupported, .noSuchFile, .invalidArgument, .familyNotSupported].contains(error) {
                return "this kernel has no nftables, or lacks a part of it (\(error))"
            } catch {
                throw Complaint(HostChange.filter(filter).failure, error, whatNow: "try again")
            }
        }
        return nil
    }
}

extension WantedState {
    /// That there is too much for a table.
    var filterSizeObstacle: String? {
        let most = filters.map(\.destinations.count).max() ?? 0
        return most > WantedState.mostRanges
            ? "what is for the tunnel is in \(most) pieces between routes of main" : nil
    }

    /// More ranges than this take too long to be made anew with each route that changes.
    private static let mostRanges = 32_768
}
