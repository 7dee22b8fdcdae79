// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux
internal import Wire

/// Asks the kernel for the IPsec policies that may be about outer packets.
enum IPsecLook {
    /// Those of this network namespace, in the order in which they were made. Requires `CAP_NET_ADMIN`.
    ///
    /// - Parameter marks: what tunnels mark outer packets with.
    static func read(_ marks: Set<UInt32>, _ netlink: borrowing Netlink) -> Seen<[IPsecPolicy]> {
        do throws(Errno) {
            return .known(try Netlink.securityPolicies().compactMap { IPsecPolicy($0, marks, netlink) })
        } catch .notPermitted {
            return .hidden("IPsec policies: needs root")
        } catch {
            return .hidden("IPsec policies: \(error)")
        }
    }

    /// Whether the kernel applies policies for protocol 4 to what a tunnel sends; `nil` when we may not try.
    /// Requires `CAP_NET_RAW`.
    static var isApplied: Bool? { (try? RawSender(capacity: 1, local: nil))?.isProtocolKnown }
}

extension IPsecPolicy {
    /// `nil` for one that can be about neither outer packets nor inner ones: both belong to no XFRM interface, outer ones
    /// have our mark and no ports, inner ones no mark.
    fileprivate init?(_ policy: SecurityPolicy, _ marks: Set<UInt32>, _ netlink: borrowing Netlink) {
        guard policy.interface == 0, !policy.namesPorts else { return nil }
        let isOut = policy.direction == .outgoing
        // What arrives has the mark that another program gives it, if any.
        let isForOuter =
            policy.direction != .forwarded && (isOut ? marks : [0]).contains { $0 & policy.mask == policy.mark }
        let isForInner = policy.mark == 0
        guard isForOuter || isForInner else { return nil }
        let action: Action =
            switch policy.action {
            case .block: .block
            case .pass: .pass
            case .protect: .protect
            }
        self.init(
            isOut ? .outgoing : policy.direction == .forwarded ? .forwarded : .incoming, action, from: policy.source,
            to: policy.destination, ipProtocol: policy.ipProtocol)
        (self.isForOuter, self.isForInner) = (isForOuter, isForInner)
        priority = policy.priority
        if policy.link != 0 { device = ((try? netlink.link(index: policy.link)) ?? nil)?.name ?? "?" }
        let number = policy.ipProtocol.map { " proto \($0)" } ?? ""
        let link = device.map { " dev \($0)" } ?? ""
        let mark = policy.mask == 0 ? "" : " mark \(policy.mark) mask \(policy.mask)"
        deletion =
            "ip xfrm policy delete src \(source) dst \(destination)\(number)\(link) dir \(direction.rawValue)\(mark)"
    }
}
