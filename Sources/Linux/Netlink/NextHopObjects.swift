// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc

/// Next hops that stand by themselves, and that routes name by number (`ip nexthop`), as routing daemons make them.
package struct NextHopObjects: Equatable, Sendable {
    fileprivate var singles: [UInt32: NextHop] = [:]
    fileprivate var groups: [UInt32: [(object: UInt32, weight: Int)]] = [:]

    /// Where routes by the object of this number lead: dead next hops are left out; `nil` where a next hop of ours cannot say it.
    package subscript(_ number: UInt32) -> [NextHop]? {
        guard let members = groups[number] else { return singles[number].map { [$0] } }
        return members.compactMap { member in
            singles[member.object].map {
                NextHop($0.gateway, link: $0.link, isOnLink: $0.isOnLink, weight: member.weight)
            }
        }
    }

    package static func == (one: NextHopObjects, other: NextHopObjects) -> Bool {
        one.singles == other.singles
            && one.groups.mapValues { $0.map { [Int($0.object), $0.weight] } }
                == other.groups.mapValues { $0.map { [Int($0.object), $0.weight] } }
    }
}

extension Netlink {
    /// All of this network namespace; none where the kernel has no such objects (before Linux 5.3).
    ///
    /// `ip nexthop show`
    package func nextHopObjects() throws(Errno) -> NextHopObjects {
        var objects = NextHopObjects()
        let request = try Request(RTM_GETNEXTHOP, nhmsg(), flags: NLM_F_DUMP)
        let found: [(UInt32, NextHopObjects.Content)]
        do throws(Errno) {
            found = try collect(request) { reply in NextHopObjects.read(reply) }
        } catch  where [.notSupported, .invalidArgument].contains(error) {
            return objects
        }
        for (number, content) in found {
            switch content {
            case .hop(let hop): objects.singles[number] = hop
            case .group(let members): objects.groups[number] = members
            }
        }
        return objects
    }
}

extension NextHopObjects {
    fileprivate enum Content {
        case hop(NextHop)
        case group([(object: UInt32, weight: Int)])
    }

    /// `nil` for one that is dead, drops packets, encapsulates them, or is no next hop of routes.
    fileprivate static func read(_ reply: borrowing Reply<nhmsg>) -> (UInt32, Content)? {
        guard let number = reply.number(NHA_ID) else { return nil }
        if let octets = reply.octets(NHA_GROUP) {
            // struct nexthop_grp: a number of 32 bits, the weight less 1, and three octets of no interest.
            let members = stride(from: 0, to: octets.count - 7, by: 8).map { start in
                (object: FilterBatch.number(octets, at: start, as: UInt32.self), weight: Int(octets[start + 4]) + 1)
            }
            return (number, .group(members))
        }
        guard ![NHA_BLACKHOLE, NHA_ENCAP, NHA_FDB].contains(where: { reply.contains($0) }),
            reply.header.nh_flags & UInt32(RTNH_F_DEAD) == 0, let link = reply.link(NHA_OIF)
        else { return nil }
        let gateway = reply.octets(NHA_GATEWAY).flatMap { NextHop.Gateway(address: $0) }
        let isOnLink = reply.header.nh_flags & UInt32(RTNH_F_ONLINK) != 0
        return (number, .hop(NextHop(gateway, link: link, isOnLink: isOnLink)))
    }
}
