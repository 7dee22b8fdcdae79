// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// What can be said of every unicast route.
package struct RouteWay: Hashable, Sendable {
    package let destination: Prefix
    /// Whether packets are handed to a router, or to several, not to the link.
    package let isByRouter: Bool
    /// Who made the route (`RTPROT_…`).
    package let protocolNumber: UInt8

    /// A way as the kernel would describe it.
    package init(destination: Prefix, isByRouter: Bool, protocolNumber: UInt8) {
        (self.destination, self.isByRouter, self.protocolNumber) = (destination, isByRouter, protocolNumber)
    }
}

/// Routes, a whole table at once.
extension Netlink {
    /// Every route of one table that a ``Route`` can say, unreachable ones too; none where there is no such table.
    ///
    /// Protocol 0 stands for any. It is one request, however many there are.
    ///
    /// `ip route show table TABLE [proto PROTOCOL]`
    package func routes(in table: UInt32, madeBy protocolNumber: UInt8 = 0) throws(Errno) -> [Route] {
        try dumpRoutes(in: table, madeBy: protocolNumber) { reply in Route(reply) }
    }

    /// Who made the routes of one table, whatever they are: so that a table which belongs to others is left alone.
    ///
    /// `ip route show table TABLE`
    package func routeProtocols(in table: UInt32) throws(Errno) -> Set<UInt8> {
        Set(try dumpRoutes(in: table) { reply in reply.header.rtm_protocol })
    }

    /// Where the unicast routes of one table lead, whatever their next hops, but for those by the link of this number alone.
    ///
    /// `ip route show table TABLE type unicast`
    package func ways(in table: UInt32, besides link: Int32) throws(Errno) -> Set<RouteWay> {
        Set(
            try dumpRoutes(in: table, type: RTN_UNICAST) { reply in
                let address = reply.address(RTA_DST.rawValue) ?? .unspecified
                guard reply.link(RTA_OIF.rawValue) != link,
                    let prefix = Prefix(address, length: Int(reply.header.rtm_dst_len))
                else { return nil }
                let isByRouter = [RTA_GATEWAY, RTA_MULTIPATH, RTA_VIA, RTA_NH_ID].contains {
                    reply.contains($0.rawValue)
                }
                return RouteWay(destination: prefix, isByRouter: isByRouter, protocolNumber: reply.header.rtm_protocol)
            })
    }

    /// Returns whether any table has a route for packets to other hosts by the link of this number.
    ///
    /// `ip route show table all type unicast dev NAME`
    package func hasRoutes(by link: Int32) throws(Errno) -> Bool {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET)
        header.rtm_type = UInt8(RTN_UNICAST)
        let request = try Request(RTM_GETROUTE, header, flags: NLM_F_DUMP)
        try request.put(RTA_OIF.rawValue, UInt32(bitPattern: link))
        let routes = try collect(request) { reply in reply.link(RTA_OIF.rawValue) == link ? true : nil }
        return !routes.isEmpty
    }

    /// Removes these routes and no others; each table is looked through once, however many they are.
    ///
    /// `ip route delete …` for each. Requires `CAP_NET_ADMIN`.
    /// - Returns: those that were there, in the order given; one that somebody else took meanwhile is not among them.
    package func remove(_ routes: [Route]) throws(Errno) -> [Route] {
        var present: Set<Route> = []
        for table in Set(routes.map(\.table)) {
            present.formUnion(try find(Set(routes.filter { $0.table == table })))
        }
        var removed: [Route] = []
        // Taking each out of the set: were one named twice, the kernel would take a similar one the second time.
        for route in routes where present.remove(route) != nil {
            do throws(Errno) {
                try perform(route.request(RTM_DELROUTE))
                removed.append(route)
            } catch .noSuchProcess {
                continue
            }
        }
        return removed
    }

    /// Which of the wanted routes, all of one table, are there.
    func find(_ wanted: Set<Route>) throws(Errno) -> Set<Route> {
        guard let first = wanted.first else { return [] }
        let makers = Set(wanted.map(\.protocolNumber))
        let maker = makers.count == 1 ? first.protocolNumber : 0
        return Set(
            try dumpRoutes(in: first.table, madeBy: maker) { reply in
                guard let route = Route(reply) else { return nil }
                return [route, route.plain].first(where: wanted.contains)
            })
    }

    /// What `parse` makes of the routes of one table. Protocol 0, type 0 and link 0 stand for any.
    func dumpRoutes<Value>(
        in table: UInt32, madeBy protocolNumber: UInt8 = 0, type: Int = 0, by link: Int32 = 0,
        _ parse: (borrowing Reply<rtmsg>) -> Value?
    ) throws(Errno) -> [Value] {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET)
        header.rtm_table = UInt8(exactly: table) ?? 0
        header.rtm_protocol = protocolNumber
        header.rtm_type = UInt8(type)
        // There may be a million: the kernel picks by table, protocol and type; of the rest none is kept but a match.
        let request = try Request(RTM_GETROUTE, header, flags: NLM_F_DUMP)
        if table > UInt8.max { try request.put(RTA_TABLE.rawValue, table) }
        if link != 0 { try request.put(RTA_OIF.rawValue, link: link) }
        do throws(Errno) {
            return try collect(request) { reply in
                guard reply.number(RTA_TABLE.rawValue) == table,
                    protocolNumber == 0 || reply.header.rtm_protocol == protocolNumber
                else { return nil }
                return parse(reply)
            }
        } catch .noSuchFile {
            return []  // A table is made by its first route.
        }
    }
}
