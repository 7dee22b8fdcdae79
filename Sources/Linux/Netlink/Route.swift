// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// A unicast route of the table `main` with one next hop.
package struct Route: Hashable, Sendable {
    /// Which packets take the route.
    package let destination: Prefix
    /// The router that they are handed to; `nil` when they are handed to the link itself.
    package let gateway: IPv4Address?
    /// The number of the link that they leave through.
    package let link: Int32
    /// The source address of packets that do not have one yet; `nil` leaves the choice to the kernel.
    package let source: IPv4Address?
    /// Who made the route (`RTPROT_…`, /etc/iproute2/rt_protos): so that everybody removes only their own.
    package let protocolNumber: UInt8
    /// Among routes to the same destination the lowest wins.
    package let metric: UInt32
    /// Whether the gateway need not be in a network of the link (`RTNH_F_ONLINK`).
    package let isOnLink: Bool

    /// A route as `ip route add` makes it.
    package init(
        to destination: Prefix, gateway: IPv4Address? = nil, link: Int32, source: IPv4Address? = nil,
        protocolNumber: UInt8, metric: UInt32 = 0, isOnLink: Bool = false
    ) {
        self.destination = destination
        self.gateway = gateway
        self.link = link
        self.source = source
        self.protocolNumber = protocolNumber
        self.metric = metric
        self.isOnLink = isOnLink
    }
}

/// Routes.
extension Netlink {
    /// Adds a route.
    ///
    /// `ip route add DESTINATION [via GATEWAY] dev NAME [src SOURCE] proto PROTOCOL [metric METRIC] [onlink]`.
    /// Requires `CAP_NET_ADMIN`.
    /// - Throws: `EEXIST` when any route to this destination has this metric, `ENETUNREACH` when the gateway is not in
    ///   a network of the link, `ENETDOWN` when the link is down.
    package func add(_ route: Route) throws(Errno) {
        try perform(route.request(RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL))
    }

    /// Removes this route and no other.
    ///
    /// The route is looked for first. To the kernel metric 0, protocol 0 and no source mean "any": were the route gone,
    /// it would take the next best.
    ///
    /// `ip route delete DESTINATION [via GATEWAY] dev NAME [src SOURCE] proto PROTOCOL [metric METRIC]`. Requires
    /// `CAP_NET_ADMIN`.
    /// - Throws: `ESRCH` when there is no such route.
    package func remove(_ route: Route) throws(Errno) {
        let mine = try routes(to: route.destination, madeBy: route.protocolNumber)
        guard mine.contains(route) else { throw Errno.noSuchProcess }
        try perform(route.request(RTM_DELROUTE))
    }

    /// The routes of the table `main` to exactly this destination, best metric first.
    ///
    /// Protocol 0 stands for any. Left out is what a ``Route`` cannot say: other types (blackhole, unreachable,
    /// prohibit), several next hops, an IPv6 gateway, an encapsulation, a nexthop object, a TOS, or a scope that
    /// `ip route add` would not choose. An MTU and the like are passed over.
    ///
    /// `ip route show table main exact DESTINATION [proto PROTOCOL]`
    package func routes(to destination: Prefix, madeBy protocolNumber: UInt8 = 0) throws(Errno) -> [Route] {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET)
        header.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        header.rtm_protocol = protocolNumber
        header.rtm_type = UInt8(RTN_UNICAST)
        // There may be a million: the kernel picks by table, protocol and type; of the rest none is kept but a match.
        return try collect(Request(RTM_GETROUTE, header, flags: NLM_F_DUMP)) { reply in
            guard Int(reply.header.rtm_dst_len) == destination.length,
                reply.address(RTA_DST.rawValue) ?? .unspecified == destination.address,
                protocolNumber == 0 || reply.header.rtm_protocol == protocolNumber
            else { return nil }
            return Route(reply)
        }
    }
}

extension Route {
    /// Reads a route of the kind that ``Netlink/add(_:)`` makes; `nil` for any other.
    fileprivate init?(_ reply: borrowing Reply<rtmsg>) {
        let header = reply.header
        let gateway = reply.address(RTA_GATEWAY.rawValue)
        guard header.rtm_type == UInt8(RTN_UNICAST), reply.number(RTA_TABLE.rawValue) == RT_TABLE_MAIN.rawValue,
            header.rtm_tos == 0, header.rtm_scope == Self.scope(gateway: gateway),
            ![RTA_MULTIPATH, RTA_VIA, RTA_ENCAP, RTA_NH_ID].contains(where: { reply.contains($0.rawValue) }),
            let link = reply.link(RTA_OIF.rawValue),
            let destination = Prefix(reply.address(RTA_DST.rawValue) ?? .unspecified, length: Int(header.rtm_dst_len))
        else { return nil }
        self.init(
            to: destination, gateway: gateway, link: link, source: reply.address(RTA_PREFSRC.rawValue),
            protocolNumber: header.rtm_protocol, metric: reply.number(RTA_PRIORITY.rawValue) ?? 0,
            isOnLink: header.rtm_flags & UInt32(RTNH_F_ONLINK) != 0)
    }

    fileprivate func request(_ type: Int, flags: Int32 = 0) throws(Errno) -> Request<rtmsg> {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET)
        header.rtm_dst_len = UInt8(destination.length)
        header.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        header.rtm_protocol = protocolNumber
        header.rtm_scope = Self.scope(gateway: gateway)
        header.rtm_type = UInt8(RTN_UNICAST)
        header.rtm_flags = isOnLink ? UInt32(RTNH_F_ONLINK) : 0
        let request = try Request(type, header, flags: flags)
        try request.put(RTA_DST.rawValue, destination.address)
        try request.put(RTA_OIF.rawValue, link: link)
        if let gateway { try request.put(RTA_GATEWAY.rawValue, gateway) }
        if let source { try request.put(RTA_PREFSRC.rawValue, source) }
        if metric != 0 { try request.put(RTA_PRIORITY.rawValue, metric) }
        return request
    }

    /// How far away the next hop may be: a gateway is anywhere, everything else is on the link.
    private static func scope(gateway: IPv4Address?) -> UInt8 {
        UInt8((gateway == nil ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE).rawValue)
    }
}
