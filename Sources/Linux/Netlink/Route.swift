// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// A route: to one or several next hops, or to nowhere.
package struct Route: Hashable, Sendable {
    /// What becomes of a packet that takes the route.
    package enum Kind: String, Sendable, Codable {
        /// It leaves through a link.
        case unicast
        /// Nowhere: its sender is told "host unreachable". Such a route has no next hop and no source.
        case unreachable
    }

    /// Which packets take the route.
    package let destination: Prefix
    /// Where they are handed to: several for a route with several next hops, none for one that leads nowhere.
    package let hops: [NextHop]
    /// The source address of packets that do not have one yet; `nil` leaves the choice to the kernel.
    package let source: IPv4Address?
    /// Who made the route (`RTPROT_…`, /etc/iproute2/rt_protos): so that everybody removes only their own.
    package let protocolNumber: UInt8
    /// Among routes to the same destination the lowest wins.
    package let metric: UInt32
    /// The number of the table that it stands in.
    package let table: UInt32
    /// What becomes of a packet that takes it.
    package let kind: Kind
    /// The longest packet that it takes, as configured; `nil` leaves it to the link.
    package let mtu: MTU?

    /// The longest packet that a route takes.
    package struct MTU: Hashable, Sendable, Codable {
        /// Octets.
        package let octets: UInt32
        /// Whether longer packets are cut, and ICMP changes nothing (`mtu lock`).
        package let isLocked: Bool

        package init(octets: UInt32, isLocked: Bool = false) { (self.octets, self.isLocked) = (octets, isLocked) }
    }

    /// The router of the first next hop, if it has an IPv4 address.
    package var gateway: IPv4Address? { hops.first?.ipv4 }
    /// The number of the link of the first next hop; 0 when there is none.
    package var link: Int32 { hops.first?.link ?? 0 }
    /// Whether the router of the first next hop need not be in a network of the link.
    package var isOnLink: Bool { hops.first?.isOnLink ?? false }

    /// The number of the table `main`, which is asked unless a rule says otherwise (`RT_TABLE_MAIN`).
    package static let mainTable: UInt32 = 254

    /// A route with one next hop, as `ip route add` makes it.
    package init(
        to destination: Prefix, gateway: IPv4Address? = nil, link: Int32, source: IPv4Address? = nil,
        protocolNumber: UInt8, metric: UInt32 = 0, isOnLink: Bool = false, table: UInt32 = mainTable,
        kind: Kind = .unicast
    ) {
        let hop = NextHop(gateway.map(NextHop.Gateway.ipv4), link: link, isOnLink: isOnLink)
        self.init(
            to: destination, by: kind == .unicast ? [hop] : [], source: source, protocolNumber: protocolNumber,
            metric: metric, table: table, kind: kind)
    }

    /// A route by these next hops.
    package init(
        to destination: Prefix, by hops: [NextHop], source: IPv4Address? = nil, protocolNumber: UInt8,
        metric: UInt32 = 0, table: UInt32 = mainTable, kind: Kind = .unicast, mtu: MTU? = nil
    ) {
        self.destination = destination
        // A weight is about others.
        self.hops = hops.count == 1 ? hops.map { NextHop($0.gateway, link: $0.link, isOnLink: $0.isOnLink) } : hops
        self.source = source
        self.protocolNumber = protocolNumber
        self.metric = metric
        self.table = table
        self.kind = kind
        self.mtu = mtu
    }

    /// The same without what others may give a route of ours: the longest packet.
    var plain: Route {
        Route(
            to: destination, by: hops, source: source, protocolNumber: protocolNumber, metric: metric, table: table,
            kind: kind)
    }

    /// Whether this is `wanted`, be it with a longest packet that it does not speak of.
    package func fits(_ wanted: Route) -> Bool { self == wanted || wanted.mtu == nil && plain == wanted }

    /// A route that leads nowhere, as `ip route add unreachable` makes it.
    package static func unreachable(
        _ destination: Prefix, protocolNumber: UInt8, metric: UInt32 = 0, table: UInt32 = mainTable
    ) -> Route {
        Route(
            to: destination, link: 0, protocolNumber: protocolNumber, metric: metric, table: table, kind: .unreachable)
    }
}

/// Routes, one by one.
extension Netlink {
    /// Adds a route.
    ///
    /// `ip route add [unreachable] DESTINATION [via GATEWAY] [dev NAME] [src SOURCE] proto PROTOCOL [metric METRIC]
    /// [onlink] [mtu MTU] [table TABLE]`, or `nexthop via GATEWAY dev NAME weight N` for each of several. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EEXIST` when any route to this destination has this metric in this table, `ENETUNREACH` when the
    ///   gateway is not in a network of the link, `ENETDOWN` when the link is down.
    package func add(_ route: Route) throws(Errno) {
        try perform(route.request(RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL))
    }

    /// Adds a route before others to the same destination with the same metric.
    ///
    /// `ip route prepend …`. Requires `CAP_NET_ADMIN`.
    package func addFirst(_ route: Route) throws(Errno) {
        try perform(route.request(RTM_NEWROUTE, flags: NLM_F_CREATE))
    }

    /// Adds a route, in place of one to the same destination with the same metric if there is one.
    ///
    /// `ip route replace …`. Requires `CAP_NET_ADMIN`.
    package func replace(_ route: Route) throws(Errno) {
        try perform(route.request(RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE))
    }

    /// Removes this route and no other.
    ///
    /// The route is looked for first. To the kernel metric 0, protocol 0 and no source mean "any": were the route gone,
    /// it would take the next best.
    ///
    /// `ip route delete [unreachable] DESTINATION [via GATEWAY] [dev NAME] [src SOURCE] proto PROTOCOL [metric METRIC]
    /// [table TABLE]`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `ESRCH` when there is no such route.
    package func remove(_ route: Route) throws(Errno) {
        guard try find([route]) == [route] else { throw Errno.noSuchProcess }
        try perform(route.request(RTM_DELROUTE))
    }

    /// The unicast routes of one table to exactly this destination, best metric first.
    ///
    /// Protocol 0 stands for any. Left out is what a ``Route`` cannot say: other types (blackhole, unreachable,
    /// prohibit), an encapsulation, a nexthop object, a TOS, or a scope that `ip route add` would not choose. A window
    /// and the like are passed over.
    ///
    /// `ip route show table TABLE exact DESTINATION [proto PROTOCOL]`
    package func routes(
        to destination: Prefix, madeBy protocolNumber: UInt8 = 0, in table: UInt32 = Route.mainTable
    ) throws(Errno) -> [Route] {
        try dumpRoutes(in: table, madeBy: protocolNumber, type: RTN_UNICAST) { reply in
            reply.isRoute(to: destination) ? Route(reply) : nil
        }
    }
}

extension Reply<rtmsg> {
    /// Whether this is a route to exactly this destination.
    fileprivate func isRoute(to destination: Prefix) -> Bool {
        Int(header.rtm_dst_len) == destination.length
            && address(RTA_DST.rawValue) ?? .unspecified == destination.address
    }
}

extension Route {
    /// Reads a route of the kinds that ``Netlink/add(_:)`` makes; `nil` for any other.
    init?(_ reply: borrowing Reply<rtmsg>) {
        let header = reply.header
        guard let kind = Kind(type: Int(header.rtm_type)), let table = reply.number(RTA_TABLE.rawValue),
            header.rtm_tos == 0,
            ![RTA_ENCAP, RTA_NH_ID].contains(where: { reply.contains($0.rawValue) }),
            let hops = kind == .unicast ? NextHop.hops(reply) : [], kind == .unreachable || !hops.isEmpty,
            header.rtm_scope == Self.scope(kind, hops),
            let destination = Prefix(reply.address(RTA_DST.rawValue) ?? .unspecified, length: Int(header.rtm_dst_len))
        else { return nil }
        self.init(
            to: destination, by: hops, source: reply.address(RTA_PREFSRC.rawValue),
            protocolNumber: header.rtm_protocol, metric: reply.number(RTA_PRIORITY.rawValue) ?? 0, table: table,
            kind: kind, mtu: MTU(reply))
    }

    func request(_ type: Int, flags: Int32 = 0) throws(Errno) -> Request<rtmsg> {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET)
        header.rtm_dst_len = UInt8(destination.length)
        header.rtm_table = UInt8(exactly: table) ?? 0
        header.rtm_protocol = protocolNumber
        header.rtm_scope = Self.scope(kind, hops)
        header.rtm_type = kind.type
        header.rtm_flags = hops.count == 1 && isOnLink ? UInt32(RTNH_F_ONLINK) : 0
        let request = try Request(type, header, flags: flags)
        try request.put(RTA_DST.rawValue, destination.address)
        if table > UInt8.max { try request.put(RTA_TABLE.rawValue, table) }
        try NextHop.put(hops, into: request)
        if let source { try request.put(RTA_PREFSRC.rawValue, source) }
        if metric != 0 { try request.put(RTA_PRIORITY.rawValue, metric) }
        if let mtu {
            try request.nest(RTA_METRICS.rawValue) { () throws(Errno) in
                if mtu.isLocked { try request.put(RTAX_LOCK, UInt32(1) << UInt32(RTAX_MTU)) }
                try request.put(RTAX_MTU, mtu.octets)
            }
        }
        return request
    }

    /// How far away the next hop may be: a gateway is anywhere, and so is nobody; everything else is on the link.
    private static func scope(_ kind: Kind, _ hops: [NextHop]) -> UInt8 {
        let isOnLink = kind == .unicast && hops.allSatisfy { $0.gateway == nil }
        return UInt8((isOnLink ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE).rawValue)
    }
}

extension NextHop {
    /// Reads where a route leads that has no nexthop object; `nil` where a next hop of ours cannot say it. Of several, dead ones
    /// are left out.
    static func hops(_ reply: borrowing Reply<rtmsg>) -> [NextHop]? {
        if let several = reply.octets(RTA_MULTIPATH.rawValue) { return list(several) }
        guard let link = reply.link(RTA_OIF.rawValue) else { return nil }
        let gateway =
            reply.octets(RTA_GATEWAY.rawValue).flatMap { Gateway(address: $0) }
            ?? reply.octets(RTA_VIA.rawValue).flatMap { Gateway(via: $0) }
        return [NextHop(gateway, link: link, isOnLink: reply.header.rtm_flags & UInt32(RTNH_F_ONLINK) != 0)]
    }
}

extension Route.MTU {
    /// Reads what a route says; `nil` where it says nothing.
    init?(_ reply: borrowing Reply<rtmsg>) {
        guard let octets = reply.number(RTAX_MTU, in: RTA_METRICS.rawValue) else { return nil }
        let locks = reply.number(RTAX_LOCK, in: RTA_METRICS.rawValue) ?? 0
        self.init(octets: octets, isLocked: locks & 1 << UInt32(RTAX_MTU) != 0)
    }
}

extension Route.Kind {
    fileprivate init?(type: Int) {
        switch type {
        case RTN_UNICAST: self = .unicast
        case RTN_UNREACHABLE: self = .unreachable
        default: return nil
        }
    }

    fileprivate var type: UInt8 {
        switch self {
        case .unicast: UInt8(RTN_UNICAST)
        case .unreachable: UInt8(RTN_UNREACHABLE)
        }
    }
}
