// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// An address that this host answers ARP for on a link, although another host has it.
package struct ProxyNeighbour: Hashable, Sendable, Codable {
    /// The address that is answered for.
    package let address: IPv4Address
    /// The number of the link on which it is asked for.
    package let link: Int32

    /// An address and a link.
    package init(_ address: IPv4Address, link: Int32) {
        self.address = address
        self.link = link
    }
}

/// Proxy neighbours.
extension Netlink {
    /// The proxy neighbours of one link, or of the whole host when `link` is `nil`.
    ///
    /// `ip -4 neigh show proxy [dev NAME]`
    package func proxies(link: Int32?) throws(Errno) -> [ProxyNeighbour] {
        var header = ndmsg()
        header.ndm_family = UInt8(AF_INET)
        header.ndm_flags = UInt8(NTF_PROXY)
        let request = try Request(RTM_GETNEIGH, header, flags: NLM_F_DUMP)
        if let link { try request.put(NDA_IFINDEX, link: link) }
        return try collect(request) { reply in
            guard let address = reply.address(NDA_DST), Int32(reply.header.ndm_flags) & NTF_PROXY != 0,
                link == nil || reply.header.ndm_ifindex == link
            else { return nil }
            return ProxyNeighbour(address, link: reply.header.ndm_ifindex)
        }
    }

    /// Answers ARP for an address on a link from now on, provided that the link forwards and that the address is routed
    /// out of another link.
    ///
    /// The kernel says nothing when it is there already, and forgets who made it: so look first, if it is to stay
    /// theirs. It drops all of a link's when that goes down.
    ///
    /// `ip neigh add proxy ADDRESS dev NAME protocol PROTOCOL`. Requires `CAP_NET_ADMIN`.
    package func addProxy(for address: IPv4Address, link: Int32, protocolNumber: UInt8) throws(Errno) {
        let request = try proxyRequest(
            RTM_NEWNEIGH, ProxyNeighbour(address, link: link), flags: NLM_F_CREATE | NLM_F_EXCL)
        // Kernels before 5.0 pass over it.
        try request.put(NDA_PROTOCOL, protocolNumber)
        try perform(request)
    }

    /// Stops answering ARP for an address on a link, whoever began it.
    ///
    /// `ip neigh delete proxy ADDRESS dev NAME`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `ENOENT` when the link has no such proxy neighbour.
    package func removeProxy(for address: IPv4Address, link: Int32) throws(Errno) {
        try perform(proxyRequest(RTM_DELNEIGH, ProxyNeighbour(address, link: link)))
    }

    private func proxyRequest(
        _ type: Int, _ neighbour: ProxyNeighbour, flags: Int32 = 0
    ) throws(Errno) -> Request<ndmsg> {
        var header = ndmsg()
        header.ndm_family = UInt8(AF_INET)
        header.ndm_ifindex = neighbour.link
        header.ndm_flags = UInt8(NTF_PROXY)
        header.ndm_state = UInt16(NUD_PERMANENT)
        let request = try Request(type, header, flags: flags)
        try request.put(NDA_DST, neighbour.address)
        return request
    }
}
