// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import CNetlink
internal import Glibc

/// Hears that links, IPv4 addresses, routes, nexthop objects, rules or some settings of this network namespace changed; what exactly, has to
/// be asked. Of settings the kernel tells of forwarding, rp_filter and proxy_arp.
///
/// The corresponding C call is `bind` to the groups RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE,
/// RTMGRP_IPV4_RULE, RTNLGRP_IPV4_NETCONF and RTNLGRP_NEXTHOP (rtnetlink(7)). Needs no privilege.
package struct NetworkChanges: ~Copyable, Sendable {
    package let descriptor: Descriptor

    /// RTNLGRP_IPV4_NETCONF is group 24.
    private static let settings: UInt32 = 1 << 23
    /// RTNLGRP_NEXTHOP is group 32: routes that go with such an object are not told of.
    private static let objects: UInt32 = 1 << 31

    /// Begins to listen.
    ///
    /// - Parameter hasIPv6: whether routes of IPv6 are listened for, too (RTMGRP_IPV6_ROUTE).
    package init(hasIPv6: Bool = false) throws(Errno) {
        let groups =
            UInt32(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE)
            | NetworkChanges.settings | NetworkChanges.objects | (hasIPv6 ? UInt32(RTMGRP_IPV6_ROUTE) : 0)
        descriptor = try Descriptor.listening(to: groups, about: NETLINK_ROUTE)
    }

    /// Forgets what was heard so far. Returns whether there was anything.
    ///
    /// More than fits into the socket's buffer is lost (ENOBUFS): that something changed is still known.
    package func drain() -> Bool {
        var hasChanged = false
        while true {
            // With MSG_TRUNC a message is taken whole, however little of it is wanted.
            let result = recv(descriptor.rawValue, nil, 0, Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC))
            if result < 0, Errno.current != .noBuffers { return hasChanged }
            hasChanged = true
        }
    }
}

extension Descriptor {
    /// A socket that hears what the kernel tells these groups of a subject of netlink; it does not wait.
    ///
    /// The corresponding C calls are `socket(AF_NETLINK, SOCK_RAW, PROTOCOL)` and `bind` (netlink(7)).
    static func listening(to groups: UInt32, about subject: Int32) throws(Errno) -> Descriptor {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = Descriptor(owning: try posix(socket(AF_NETLINK, type, subject)))
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = groups
        let size = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let number = descriptor.rawValue
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(number, $0, size) }
        }
        try posix(result)
        return descriptor
    }
}
