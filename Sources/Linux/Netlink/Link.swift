// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc

/// A network interface, as the kernel described it when asked.
package struct Link: Equatable, Sendable {
    /// The number that addresses and routes refer to; it stays when the link is renamed.
    package let index: Int32
    /// The name, at most 15 octets.
    package let name: String
    /// The largest packet that the link carries, octets.
    package let mtu: Int
    /// Whether the link is switched on (`IFF_UP`).
    package let isUp: Bool
    /// Whether the link can carry packets now (`IFF_RUNNING`): a TUN only while a process is attached to it.
    package let isRunning: Bool
    /// The driver's kind, such as "tun" or "veth"; `nil` for hardware and loopback.
    package let kind: String?
    /// The number of the link that it is a part of: a bridge, a bond, a VRF.
    package let master: Int32?
    /// How the kernel makes IPv6 addresses of its own for the link (`IN6_ADDR_GEN_MODE_…`); `nil` without IPv6.
    package var addressMode: UInt8?
    /// Packets that were dropped instead of sent: of a TUN, those that nobody read in time.
    package let sendDrops: UInt64

    /// A link as the kernel would describe it.
    package init(
        index: Int32, name: String, mtu: Int, isUp: Bool, isRunning: Bool, kind: String? = nil, sendDrops: UInt64 = 0,
        master: Int32? = nil
    ) {
        self.master = master
        self.index = index
        self.name = name
        self.mtu = mtu
        self.isUp = isUp
        self.isRunning = isRunning
        self.kind = kind
        self.sendDrops = sendDrops
    }
}

/// Links.
extension Netlink {
    /// The link of this name; `nil` when there is none.
    ///
    /// An alternative name of the link finds it too: then `name` differs from what was asked for.
    ///
    /// `ip link show dev NAME`
    package func link(named name: String) throws(Errno) -> Link? {
        // A longer name is an error to the kernel (ERANGE), but to the caller it is only a name that nothing has.
        guard !name.isEmpty, name.utf8.count < IF_NAMESIZE else { return nil }
        let request = try Request(RTM_GETLINK, ifinfomsg())
        try request.put(IFLA_IFNAME, name)
        return try link(request)
    }

    /// The link of this number; `nil` when there is none.
    ///
    /// `ip` knows names only: it has no command for this.
    package func link(index: Int32) throws(Errno) -> Link? {
        // The kernel looks for a name when the number is not positive.
        guard index > 0 else { return nil }
        return try link(Request(RTM_GETLINK, ifinfomsg(index)))
    }

    /// Switches a link on or off.
    ///
    /// `ip link set dev NAME up`, `ip link set dev NAME down`. Requires `CAP_NET_ADMIN`.
    package func setUp(_ up: Bool, link index: Int32) throws(Errno) {
        var header = ifinfomsg(index)
        header.ifi_flags = up ? UInt32(IFF_UP.rawValue) : 0
        header.ifi_change = UInt32(IFF_UP.rawValue)
        try perform(Request(RTM_NEWLINK, header))
    }

    /// Gives a link another name. Kernels before 6.2 do that only while it is down, which it is for a moment then.
    ///
    /// `ip link set dev NAME name NAME`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EEXIST` when another link has it.
    package func rename(_ link: Link, to name: String) throws(Errno) {
        let request = try Request(RTM_NEWLINK, ifinfomsg(link.index))
        try request.put(IFLA_IFNAME, name)
        do throws(Errno) {
            try perform(request)
        } catch .busy where link.isUp {
            try setUp(false, link: link.index)
            try perform(request)
            try setUp(true, link: link.index)
        }
    }

    /// Sets the largest packet that the link carries, in octets.
    ///
    /// `ip link set dev NAME mtu OCTETS`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EINVAL` when the device does not take this size.
    package func setMTU(_ octets: Int, link index: Int32) throws(Errno) {
        guard let octets = UInt32(exactly: octets) else { throw Errno.invalidArgument }
        let request = try Request(RTM_NEWLINK, ifinfomsg(index))
        try request.put(IFLA_MTU, octets)
        try perform(request)
    }

    /// Keeps the kernel from giving the link an IPv6 address and soliciting routers on it.
    ///
    /// Without this, a TUN that comes up delivers IPv6 packets that nobody sent; so it comes before ``setUp(_:link:)``.
    ///
    /// `ip link set dev NAME addrgenmode none`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EAFNOSUPPORT` when there is no IPv6 on the link: then there is nothing to disable.
    package func disableIPv6AddressGeneration(link index: Int32) throws(Errno) {
        let request = try Request(RTM_NEWLINK, ifinfomsg(index))
        try request.nest(IFLA_AF_SPEC) { () throws(Errno) in
            try request.nest(AF_INET6) { () throws(Errno) in
                try request.put(IFLA_INET6_ADDR_GEN_MODE, UInt8(IN6_ADDR_GEN_MODE_NONE.rawValue))
            }
        }
        try perform(request)
    }

    /// One link rather than the table of all, which may hold thousands.
    private func link(_ request: borrowing Request<ifinfomsg>) throws(Errno) -> Link? {
        do {
            return try collect(request, Link.init).first
        } catch .noDevice {
            return nil
        }
    }
}

extension Link {
    fileprivate init?(_ reply: borrowing Reply<ifinfomsg>) {
        guard let name = reply.text(IFLA_IFNAME), let mtu = reply.number(IFLA_MTU) else { return nil }
        let flags = reply.header.ifi_flags
        self.init(
            index: reply.header.ifi_index, name: name, mtu: Int(mtu), isUp: flags & UInt32(IFF_UP.rawValue) != 0,
            isRunning: flags & UInt32(IFF_RUNNING.rawValue) != 0, kind: reply.text(IFLA_INFO_KIND, in: IFLA_LINKINFO),
            sendDrops: reply.long(IFLA_STATS64, at: 7) ?? 0, master: reply.link(IFLA_MASTER))
        addressMode = reply.octet(IFLA_INET6_ADDR_GEN_MODE, in: AF_INET6, of: IFLA_AF_SPEC)
    }
}

extension Link {
    /// Whether the kernel makes no IPv6 address for the link by itself, or knows no IPv6.
    package var hasNoOwnIPv6: Bool { addressMode.map { UInt32($0) == IN6_ADDR_GEN_MODE_NONE.rawValue } ?? true }
}

extension ifinfomsg {
    /// The link of this number.
    fileprivate init(_ index: Int32) {
        self.init()
        ifi_index = index
    }
}
