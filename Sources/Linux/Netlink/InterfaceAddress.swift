// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// Addresses.
extension Netlink {
    /// The IPv4 addresses of one link, or of the whole host when `index` is `nil`.
    ///
    /// `ip -4 address show [dev NAME]`
    /// - Throws: `ENODEV` for an unknown link.
    package func addresses(link index: Int32?) throws(Errno) -> [InterfaceAddress] {
        var header = ifaddrmsg()
        header.ifa_family = UInt8(AF_INET)
        header.ifa_index = index.map(UInt32.init(bitPattern:)) ?? 0
        return try collect(Request(RTM_GETADDR, header, flags: NLM_F_DUMP)) { reply in
            guard index == nil || reply.header.ifa_index == header.ifa_index else { return nil }
            return InterfaceAddress(reply)
        }
    }

    /// The links but loopback that this host has a network at, or a neighbour: with an address that makes the kernel route
    /// something there. In the order of their numbers, and no more than `most`.
    package func connectedLinks(most: Int = .max) throws(Errno) -> [Link] {
        var header = ifaddrmsg()
        header.ifa_family = UInt8(AF_INET)
        let indices = try collect(Request(RTM_GETADDR, header, flags: NLM_F_DUMP)) { reply -> Int32? in
            guard let address = InterfaceAddress(reply), address.connected != nil, !address.address.isLoopback else {
                return nil
            }
            return Int32(bitPattern: reply.header.ifa_index)
        }
        var links: [Link] = []
        for index in Set(indices).sorted().prefix(most) {
            if let link = try link(index: index) { links.append(link) }
        }
        return links
    }

    /// Gives a link an address, without a broadcast address.
    ///
    /// `ip address add ADDRESS dev NAME`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EEXIST` when the link has this address with this length.
    package func add(_ address: InterfaceAddress, link index: Int32) throws(Errno) {
        try perform(request(RTM_NEWADDR, address, link: index, flags: NLM_F_CREATE | NLM_F_EXCL))
    }

    /// Takes an address away from a link.
    ///
    /// The kernel then also removes the routes that prefer this source, and the secondary addresses of the same block
    /// unless `promote_secondaries` is set.
    ///
    /// `ip address delete ADDRESS dev NAME`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EADDRNOTAVAIL` when the link does not have this address with this length.
    package func remove(_ address: InterfaceAddress, link index: Int32) throws(Errno) {
        try perform(request(RTM_DELADDR, address, link: index))
    }

    private func request(
        _ type: Int, _ address: InterfaceAddress, link index: Int32, flags: Int32 = 0
    ) throws(Errno) -> Request<ifaddrmsg> {
        var header = ifaddrmsg()
        header.ifa_family = UInt8(AF_INET)
        header.ifa_prefixlen = UInt8(address.prefixLength)
        // `ip` has the same rule: nobody else may reach 127.0.0.0/8.
        header.ifa_scope = UInt8((address.address.isLoopback ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE).rawValue)
        header.ifa_index = UInt32(bitPattern: index)
        let request = try Request(type, header, flags: flags)
        try request.put(IFA_LOCAL, address.address)
        try request.put(IFA_ADDRESS, address.peer ?? address.address)
        return request
    }
}

extension InterfaceAddress {
    fileprivate init?(_ reply: borrowing Reply<ifaddrmsg>) {
        guard let address = reply.address(IFA_LOCAL) else { return nil }
        self.init(address, prefixLength: Int(reply.header.ifa_prefixlen), peer: reply.address(IFA_ADDRESS))
    }
}
