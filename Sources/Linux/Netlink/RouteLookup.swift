// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// What the kernel would do with a packet that this host sends.
package struct ResolvedRoute: Equatable, Sendable {
    /// Where such a packet ends up.
    package enum Kind: Equatable, Sendable {
        /// At one other host.
        case unicast
        /// At this host.
        case local
        /// At every host of a network.
        case broadcast
        /// At a group.
        case multicast
        /// Nowhere, or somewhere that this program knows no name for.
        case unreachable
    }

    /// Where the packet ends up.
    package let kind: Kind
    /// The IPv4 router that it is handed to; `nil` when it is handed to the link itself.
    package let gateway: IPv4Address?
    /// The number of the link that it leaves through; loopback when it stays here.
    package let link: Int32
    /// The source address that it has or gets.
    package let source: IPv4Address?
    /// The MTU of the route, in octets; `nil` leaves it to the link.
    ///
    /// Either configured, or learned by path MTU discovery: the kernel tells them apart only when it is asked for the
    /// first, by ``Netlink/configuredMTU(_:from:mark:)``.
    package let mtu: Int?

    /// A route as the kernel would describe it.
    package init(kind: Kind, gateway: IPv4Address? = nil, link: Int32, source: IPv4Address? = nil, mtu: Int? = nil) {
        self.kind = kind
        self.gateway = gateway
        self.link = link
        self.source = source
        self.mtu = mtu
    }
}

/// Lookups.
extension Netlink {
    /// Asks which way a packet would go, through policy rules and all tables.
    ///
    /// `ip route get DESTINATION [from SOURCE] [mark MARK] [oif LINK]`. Needs no privilege.
    /// - Parameter link: the number of a link that the packet has to leave through; of a VRF, to look in its table. 0 for any.
    /// - Throws: `ENETUNREACH` when no route fits, `EHOSTUNREACH` for an unreachable route, `EACCES` for a prohibit
    ///   route, `EINVAL` for a blackhole route. A `source` that this host does not have is `ENETUNREACH` too, or
    ///   `EINVAL` with older kernels.
    package func lookUp(
        _ destination: IPv4Address, from source: IPv4Address? = nil, mark: UInt32 = 0, through link: Int32 = 0
    ) throws(Errno) -> ResolvedRoute {
        let request = try request(destination, from: source, mark: mark, flags: 0)
        if link != 0 { try request.put(RTA_OIF.rawValue, link: link) }
        let answers = try collect(request) { reply in ResolvedRoute(reply, from: source) }
        guard let answer = answers.first else { throw Errno.protocolError }
        return answer
    }

    /// The MTU that somebody gave to the route to `destination`, octets; `nil` leaves it to the link.
    ///
    /// Unlike ``lookUp(_:from:mark:through:)``, this says nothing that the kernel learned from ICMP, which any host can send.
    ///
    /// `ip route get fibmatch DESTINATION [from SOURCE] [mark MARK]`. Needs no privilege.
    package func configuredMTU(
        _ destination: IPv4Address, from source: IPv4Address? = nil, mark: UInt32 = 0
    ) throws(Errno) -> Int? {
        let request = try request(destination, from: source, mark: mark, flags: UInt32(RTM_F_FIB_MATCH))
        return try collect(request) { reply in
            reply.number(RTAX_MTU, in: RTA_METRICS.rawValue).map(Int.init)
        }.first
    }

    /// The route that such a packet takes: the block that it is for, and the number of the table that it stands in.
    ///
    /// `ip route get fibmatch DESTINATION [from SOURCE] [mark MARK]`. Needs no privilege.
    package func matchingRoute(
        _ destination: IPv4Address, from source: IPv4Address? = nil, mark: UInt32 = 0
    ) throws(Errno) -> (prefix: Prefix, table: UInt32)? {
        // Without the second flag the kernel says `main`, whichever table it was.
        let flags = UInt32(RTM_F_FIB_MATCH) | UInt32(RTM_F_LOOKUP_TABLE)
        let request = try request(destination, from: source, mark: mark, flags: flags)
        let found = try collect(request) { reply -> (prefix: Prefix, table: UInt32)? in
            let length = Int(reply.header.rtm_dst_len)
            guard let prefix = Prefix(reply.address(RTA_DST.rawValue) ?? .unspecified, length: length) else {
                return nil
            }
            return (prefix, reply.number(RTA_TABLE.rawValue) ?? UInt32(reply.header.rtm_table))
        }
        return found.first
    }

    private func request(
        _ destination: IPv4Address, from source: IPv4Address?, mark: UInt32, flags: UInt32
    ) throws(Errno) -> Request<rtmsg> {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET)
        header.rtm_dst_len = 32
        header.rtm_src_len = source == nil ? 0 : 32
        header.rtm_flags = flags
        let request = try Request(RTM_GETROUTE, header)
        try request.put(RTA_DST.rawValue, destination)
        if let source { try request.put(RTA_SRC.rawValue, source) }
        if mark != 0 { try request.put(RTA_MARK.rawValue, mark) }
        return request
    }
}

extension ResolvedRoute {
    fileprivate init?(_ reply: borrowing Reply<rtmsg>, from source: IPv4Address?) {
        guard let link = reply.link(RTA_OIF.rawValue) else { return nil }
        // The kernel names the source only when it chose one.
        self.init(
            kind: Kind(type: Int(reply.header.rtm_type)), gateway: reply.address(RTA_GATEWAY.rawValue), link: link,
            source: reply.address(RTA_PREFSRC.rawValue) ?? source,
            mtu: reply.number(RTAX_MTU, in: RTA_METRICS.rawValue).map(Int.init))
    }
}

extension ResolvedRoute.Kind {
    fileprivate init(type: Int) {
        self =
            switch type {
            case RTN_UNICAST: .unicast
            case RTN_LOCAL: .local
            case RTN_BROADCAST: .broadcast
            case RTN_MULTICAST: .multicast
            default: .unreachable
            }
    }
}
