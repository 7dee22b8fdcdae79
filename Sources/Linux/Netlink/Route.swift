// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// A route with one next hop, or one that leads nowhere.
package struct Route: Hashable, Sendable, Codable {
    /// What becomes of a packet that takes the route.
    package enum Kind: String, Sendable, Codable {
        /// It leaves through the link.
        case unicast
        /// Nowhere: its sender is told "host unreachable". Such a route has no link (0), no gateway and no source.
        case unreachable
    }

    /// Which packets take the route.
    package let destination: Prefix
    /// The router that they are handed to; `nil` when they are handed to the link itself.
    package let gateway: IPv4Address?
    /// The number of the link that they leave through; 0 when they leave through none.
    package let link: Int32
    /// The source address of packets that do not have one yet; `nil` leaves the choice to the kernel.
    package let source: IPv4Address?
    /// Who made the route (`RTPROT_…`, /etc/iproute2/rt_protos): so that everybody removes only their own.
    package let protocolNumber: UInt8
    /// Among routes to the same destination the lowest wins.
    package let metric: UInt32
    /// Whether the gateway need not be in a network of the link (`RTNH_F_ONLINK`).
    package let isOnLink: Bool
    /// The number of the table that it stands in.
    package let table: UInt32
    /// What becomes of a packet that takes it.
    package let kind: Kind

    /// The number of the table `main`, which is asked unless a rule says otherwise (`RT_TABLE_MAIN`).
    package static let mainTable: UInt32 = 254

    /// A route as `ip route add` makes it.
    package init(
        to destination: Prefix, gateway: IPv4Address? = nil, link: Int32, source: IPv4Address? = nil,
        protocolNumber: UInt8, metric: UInt32 = 0, isOnLink: Bool = false, table: UInt32 = mainTable,
        kind: Kind = .unicast
    ) {
        self.destination = destination
        self.gateway = gateway
        self.link = link
        self.source = source
        self.protocolNumber = protocolNumber
        self.metric = metric
        self.isOnLink = isOnLink
        self.table = table
        self.kind = kind
    }

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
    /// [onlink] [table TABLE]`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EEXIST` when any route to this destination has this metric in this table, `ENETUNREACH` when the
    ///   gateway is not in a network of the link, `ENETDOWN` when the link is down.
    package func add(_ route: Route) throws(Errno) {
        try perform(route.request(RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL))
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
    /// prohibit), several next hops, an IPv6 gateway, an encapsulation, a nexthop object, a TOS, or a scope that
    /// `ip route add` would not choose. An MTU and the like are passed over.
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
        let gateway = reply.address(RTA_GATEWAY.rawValue)
        guard let kind = Kind(type: Int(header.rtm_type)), let table = reply.number(RTA_TABLE.rawValue),
            header.rtm_tos == 0, header.rtm_scope == Self.scope(kind, gateway: gateway),
            ![RTA_MULTIPATH, RTA_VIA, RTA_ENCAP, RTA_NH_ID].contains(where: { reply.contains($0.rawValue) }),
            let link = kind == .unicast ? reply.link(RTA_OIF.rawValue) : 0,
            let destination = Prefix(reply.address(RTA_DST.rawValue) ?? .unspecified, length: Int(header.rtm_dst_len))
        else { return nil }
        self.init(
            to: destination, gateway: gateway, link: link, source: reply.address(RTA_PREFSRC.rawValue),
            protocolNumber: header.rtm_protocol, metric: reply.number(RTA_PRIORITY.rawValue) ?? 0,
            isOnLink: header.rtm_flags & UInt32(RTNH_F_ONLINK) != 0, table: table, kind: kind)
    }

    func request(_ type: Int, flags: Int32 = 0) throws(Errno) -> Request<rtmsg> {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET)
        header.rtm_dst_len = UInt8(destination.length)
        header.rtm_table = UInt8(exactly: table) ?? 0
        header.rtm_protocol = protocolNumber
        header.rtm_scope = Self.scope(kind, gateway: gateway)
        header.rtm_type = kind.type
        header.rtm_flags = isOnLink ? UInt32(RTNH_F_ONLINK) : 0
        let request = try Request(type, header, flags: flags)
        try request.put(RTA_DST.rawValue, destination.address)
        if table > UInt8.max { try request.put(RTA_TABLE.rawValue, table) }
        if link != 0 { try request.put(RTA_OIF.rawValue, link: link) }
        if let gateway { try request.put(RTA_GATEWAY.rawValue, gateway) }
        if let source { try request.put(RTA_PREFSRC.rawValue, source) }
        if metric != 0 { try request.put(RTA_PRIORITY.rawValue, metric) }
        return request
    }

    /// How far away the next hop may be: a gateway is anywhere, and so is nobody; everything else is on the link.
    private static func scope(_ kind: Kind, gateway: IPv4Address?) -> UInt8 {
        let isOnLink = kind == .unicast && gateway == nil
        return UInt8((isOnLink ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE).rawValue)
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
