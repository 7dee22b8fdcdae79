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
            table, .ipv4, link: device.device.name, mark: RawSender.mark,
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

    /// Where routes of `main` lead past the tunnel of which nobody says that they are meant.
    func waysPast(_ netlink: borrowing Netlink) -> [Prefix] {
        guard settings.killSwitch != .off, isForAll,
            let ways = try? netlink.ways(in: Route.mainTable, besides: device.device.index)
        else { return [] }
        let allowed = settings.peers.flatMap { $0.allowed ?? [] }
        return ways.filter { way in
            !way.isMeant(allowed)
                && allowed.contains { $0.length < way.destination.length && $0.contains(way.destination.address) }
        }.map(\.destination)
    }

    /// That there are some; `nil` where there is none.
    func warning(aboutWaysPast netlink: borrowing Netlink) -> String? {
        let past = waysPast(netlink)
        guard let first = past.min(by: { $0.description < $1.description }) else { return nil }
        let others = past.count > 1 ? " and \(past.count - 1) more" : ""
        return
            "routes of main that DHCP, a router or some program made lead past the tunnel (\(first)\(others)): the kill "
            + "switch drops what takes them; 'ip route add \(first) via ROUTER proto static' says that one is meant"
    }

    /// Rules of other programs that are asked before ours, by their priorities: what they lead elsewhere, only tables stop.
    func rulesBefore(_ netlink: borrowing Netlink) -> [UInt32] {
        guard settings.killSwitch != .off, let rules = try? netlink.rules() else { return [] }
        return rules.filter { rule in
            rule.priority > 0 && rule.priority < PolicyRouting.firstPriority && rule.table != 0
                && rule.protocolNumber != HostChange.protocolNumber && rule.rule?.suppressPrefixLength == nil
        }.map(\.priority)
    }

    /// That there are some; `nil` where there is none.
    func warning(aboutRulesBefore netlink: borrowing Netlink) -> String? {
        let rules = rulesBefore(netlink)
        guard !rules.isEmpty else { return nil }
        return
            "rules of other programs are asked before the tunnel's (priority \(rules.map(String.init).joined(separator: ", "))): "
            + "against what they lead past it the kill switch has one layer, its nftables table"
    }

    /// Whether all packets take our routes. Those of a table by number are for some, by rules that are not ours.
    private var isForAll: Bool {
        if case .number(let table) = settings.table { return table == Route.mainTable }
        return true
    }

    /// Why there is no second layer; `nil` where there is one, or none is asked for.
    func filterObstacle(_ wanted: WantedState, _ netlink: borrowing Netlink) -> String? {
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
            } catch {
                return "this kernel has no nftables, or lacks a part of it (\(error))"
            }
        }
        return nil
    }

    /// That IPv6 goes by another way than all IPv4; `nil` where IPv6 is switched off.
    func warning(aboutIPv6 netlink: borrowing Netlink) -> String? {
        guard settings.killSwitch == .on, let near = try? netlink.neighbouringIPv6(), !near.isEmpty else { return nil }
        let allowed = settings.peers.flatMap { $0.allowed ?? [] }
        let ranges = TunnelDestinations.ranges(allowed, besides: [])
        guard ranges == TunnelDestinations.ranges([.all], besides: []) else { return nil }
        return "KillSwitch = yes is about IPv4 alone: what this host sends by IPv6 leaves in clear; "
            + "KillSwitch = all keeps it on the link"
    }

    /// That there is one layer only.
    func warning(of filterObstacle: String?) -> String? {
        filterObstacle.map {
            "KillSwitch stands on routes alone (\($0)): while another program removes these, packets leave in clear"
        }
    }
}

extension RouteWay {
    /// Whether a longer route is an exception that somebody here meant: on the link, or by a router as an administrator or a routing
    /// daemon says. What DHCP, router advertisements and redirects say comes from whoever is on the network, and halves of everything
    /// are a way to take a tunnel's packets, "TunnelVision" (CVE-2024-3661). `dhclient` makes such routes as `ip route add`
    /// does. To private addresses they count nevertheless, unless these are what the tunnel is for.
    func isMeant(_ allowed: [Prefix]) -> Bool {
        guard destination.length >= RouteWay.shortest else { return false }
        guard isByRouter, RouteWay.doubtful.contains(protocolNumber) else { return true }
        let isPrivate = RouteWay.privateBlocks.contains { block in
            block.length <= destination.length && block.contains(destination.address)
        }
        return isPrivate
            && !allowed.contains { $0.length >= RouteWay.shortest && $0.contains(destination.address) }
    }

    /// No administrator means a shorter prefix as an exception.
    private static let shortest = 8
    /// RTPROT_REDIRECT, RTPROT_BOOT, RTPROT_RA, RTPROT_DHCP.
    private static let doubtful: Set<UInt8> = [1, 3, 9, 16]
    /// RFC 1918, RFC 6598, RFC 3927.
    private static let privateBlocks = [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    ]
    .compactMap { Prefix($0) }
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
