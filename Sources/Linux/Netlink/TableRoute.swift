// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// A route of a table as far as a packet may take it, whatever kind it is of.
package struct TableRoute: Equatable, Sendable {
    package let destination: Prefix
    /// Among routes to the same destination the lowest wins.
    package let metric: UInt32
    package let protocolNumber: UInt8
    /// The source address of packets that do not have one yet.
    package let source: IPv4Address?
    package let mtu: Route.MTU?
    package let outcome: Outcome

    /// What becomes of a packet that takes it.
    package enum Outcome: Equatable, Sendable {
        /// It is handed to one of these, none of which is dead.
        case hops([NextHop])
        /// It leaves, in a way that a ``Route`` of ours cannot say.
        case elsewhere
        /// It is for this host.
        case local
        /// It is refused or dropped.
        case nowhere
        /// The next rule is asked (`throw`).
        case nextRule
    }

    package init(
        to destination: Prefix, _ outcome: Outcome, metric: UInt32 = 0, protocolNumber: UInt8 = 3,
        source: IPv4Address? = nil, mtu: Route.MTU? = nil
    ) {
        (self.destination, self.outcome, self.metric) = (destination, outcome, metric)
        (self.protocolNumber, self.source, self.mtu) = (protocolNumber, source, mtu)
    }
}

extension Netlink {
    /// The routes of one table to blocks that `isOfInterest`, but for those of a TOS of their own and those that are dead.
    ///
    /// `ip route show table TABLE`. All of the table is looked through.
    package func routes(
        in table: UInt32, objects: NextHopObjects, where isOfInterest: (Prefix) -> Bool
    ) throws(Errno) -> [TableRoute] {
        try dumpRoutes(in: table) { reply in TableRoute(reply, where: isOfInterest, objects) }
    }

    /// What is routed into the link of this number in one table.
    ///
    /// `ip route show table TABLE dev NAME`
    package func destinations(in table: UInt32, by link: Int32) throws(Errno) -> [Prefix] {
        try dumpRoutes(in: table, type: RTN_UNICAST, by: link) { reply in
            guard reply.link(RTA_OIF.rawValue) == link else { return nil }
            return Prefix(reply.address(RTA_DST.rawValue) ?? .unspecified, length: Int(reply.header.rtm_dst_len))
        }
    }
}

extension TableRoute {
    fileprivate init?(_ reply: borrowing Reply<rtmsg>, where isOfInterest: (Prefix) -> Bool, _ objects: NextHopObjects)
    {
        let header = reply.header
        guard header.rtm_tos == 0, header.rtm_flags & UInt32(RTNH_F_DEAD) == 0,
            let destination = Prefix(reply.address(RTA_DST.rawValue) ?? .unspecified, length: Int(header.rtm_dst_len)),
            isOfInterest(destination), let outcome = Outcome(reply, objects)
        else { return nil }
        self.init(
            to: destination, outcome, metric: reply.number(RTA_PRIORITY.rawValue) ?? 0,
            protocolNumber: header.rtm_protocol, source: reply.address(RTA_PREFSRC.rawValue), mtu: Route.MTU(reply))
    }
}

extension TableRoute.Outcome {
    /// `nil` where all next hops are dead: the kernel passes such a route over.
    fileprivate init?(_ reply: borrowing Reply<rtmsg>, _ objects: NextHopObjects) {
        switch Int(reply.header.rtm_type) {
        case RTN_UNICAST: break
        case RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST, RTN_ANYCAST:
            self = .local
            return
        case RTN_THROW:
            self = .nextRule
            return
        default:
            self = .nowhere
            return
        }
        guard !reply.contains(RTA_ENCAP.rawValue) else {
            self = .elsewhere
            return
        }
        let hops: [NextHop]? =
            if let number = reply.number(RTA_NH_ID.rawValue) { objects[number] } else { NextHop.hops(reply) }
        guard hops?.isEmpty != true else { return nil }
        self = hops.map(Self.hops) ?? .elsewhere
    }
}
