// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// An IPsec policy of this host for IPv4: what becomes of packets of a kind (ip-xfrm(8)). Keys are not looked at.
package struct SecurityPolicy: Equatable, Sendable {
    /// Which way the packets go.
    package var direction: Direction
    /// What becomes of them.
    package var action: Action
    /// Whom they are from, and to.
    package var source = Prefix.all, destination = Prefix.all
    /// Only those of this protocol; `nil` for all.
    package var ipProtocol: UInt8?
    /// Only those of certain ports, which protocol 4 has not.
    package var namesPorts = false
    /// Only those that leave by this link, or came by it; 0 for all.
    package var link: Int32 = 0
    /// Only those with this mark, as far as `mask` has ones.
    package var mark: UInt32 = 0, mask: UInt32 = 0
    /// Only those of an XFRM interface of this number; 0 for none.
    package var interface: UInt32 = 0
    /// The lowest number is asked first.
    package var priority: UInt32 = 0

    /// Which way packets go.
    package enum Direction: UInt8, Sendable {
        case incoming = 0
        case outgoing = 1
        case forwarded = 2
    }

    /// What becomes of packets.
    package enum Action: Sendable {
        /// They are dropped.
        case block
        /// They pass as they are.
        case pass
        /// They pass only if they are protected.
        case protect
    }

    /// A policy for everything that goes this way.
    package init(_ direction: Direction, _ action: Action) {
        self.direction = direction
        self.action = action
    }
}

extension Netlink {
    /// The IPsec policies for IPv4 of the calling thread's network namespace; none where the kernel has no IPsec.
    ///
    /// `ip -4 xfrm policy list`. Requires `CAP_NET_ADMIN`.
    package static func securityPolicies() throws(Errno) -> [SecurityPolicy] {
        let session: Netlink
        do throws(Errno) { session = try Netlink(about: .security) } catch .protocolNotSupported { return [] }
        let request = try Request(XFRM_MSG_GETPOLICY, PolicyQuestion(repeating: 0), flags: NLM_F_DUMP)
        return try session.collect(request, from: PolicyAnswer.self) { reply in SecurityPolicy(reply) }
    }
}

/// The room of `struct xfrm_userpolicy_id`, which as imported is no plain memory: it contains a union.
private typealias PolicyQuestion = InlineArray<8, UInt64>
/// That of `struct xfrm_userpolicy_info`.
private typealias PolicyAnswer = InlineArray<21, UInt64>

extension SecurityPolicy {
    /// `nil` for a policy about IPv6, or one of a single socket.
    fileprivate init?(_ reply: borrowing Reply<PolicyAnswer>) {
        // SAFETY: a struct of integers, which any octets make; that both have one size is checked by the call.
        let policy = unsafe unsafeBitCast(reply.header, to: xfrm_userpolicy_info.self)
        let selector = policy.sel
        guard let direction = Direction(rawValue: policy.dir), [AF_INET, AF_UNSPEC].contains(Int32(selector.family)),
            let source = Prefix(selector.saddr.address, length: Int(selector.prefixlen_s)),
            let destination = Prefix(selector.daddr.address, length: Int(selector.prefixlen_d))
        else { return nil }
        let isProtected = reply.contains(XFRMA_TMPL.rawValue)
        self.init(direction, policy.action == UInt8(XFRM_POLICY_BLOCK) ? .block : isProtected ? .protect : .pass)
        (self.source, self.destination) = (source, destination)
        ipProtocol = selector.proto == 0 ? nil : selector.proto
        namesPorts = selector.sport_mask != 0 || selector.dport_mask != 0
        link = selector.ifindex
        // struct xfrm_mark: value and mask, together eight octets.
        if let both = reply.long(XFRMA_MARK.rawValue, at: 0) {
            (mark, mask) = (UInt32(truncatingIfNeeded: both), UInt32(truncatingIfNeeded: both >> 32))
        }
        interface = reply.number(XFRMA_IF_ID.rawValue) ?? 0
        priority = policy.priority
    }
}

extension xfrm_address_t {
    fileprivate var address: IPv4Address { IPv4Address(rawValue: UInt32(bigEndian: unsafe a4)) }
}
