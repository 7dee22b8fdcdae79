// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc

/// Of IPv6 what a kill switch needs: where neighbours are, and a barrier before everything else.
extension Netlink {
    /// Where IPv6 packets of table `main` go without a router; none where IPv6 is switched off everywhere.
    ///
    /// `ip -6 route show table main`
    package func neighbouringIPv6() throws(Errno) -> Set<AddressRange> {
        Set(
            try dumpIPv6 { reply -> AddressRange? in
                guard reply.header.rtm_type == UInt8(RTN_UNICAST), reply.header.rtm_dst_len > 0,
                    ![RTA_GATEWAY, RTA_MULTIPATH, RTA_VIA, RTA_NH_ID].contains(where: { reply.contains($0.rawValue) }),
                    let octets = reply.octets(RTA_DST.rawValue), octets.count == 16
                else { return nil }
                let first = octets.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
                let rest = UInt128.max >> UInt128(reply.header.rtm_dst_len)
                return AddressRange(first & ~rest, first | rest)
            })
    }

    /// Whether the kernel has IPv6 at all, be it switched off.
    package func hasIPv6() throws(Errno) -> Bool {
        var header = rtmsg()
        (header.rtm_family, header.rtm_dst_len) = (UInt8(AF_INET6), 128)
        let request = try Request(RTM_GETROUTE, header)
        try request.put(RTA_DST.rawValue, [UInt8](repeating: 0, count: 15) + [1])
        do throws(Errno) {
            try perform(request)
        } catch {
            return ![.notSupported, .familyNotSupported].contains(error)
        }
        return true
    }

    /// Whether table `main` has ``addIPv6Barrier(protocolNumber:)``'s route.
    package func hasIPv6Barrier(protocolNumber: UInt8) throws(Errno) -> Bool {
        try dumpIPv6 { reply -> Bool? in
            let header = reply.header
            return header.rtm_type == UInt8(RTN_UNREACHABLE) && header.rtm_dst_len == 0
                && header.rtm_protocol == protocolNumber ? true : nil
        }.first ?? false
    }

    /// Makes everything behind IPv6 routers unreachable: this route is better than what routers announce. Who sends is told at
    /// once, and goes on by IPv4. What is there already is fine.
    ///
    /// `ip -6 route add unreachable default proto PROTOCOL metric 1`. Requires `CAP_NET_ADMIN`.
    package func addIPv6Barrier(protocolNumber: UInt8) throws(Errno) {
        guard try !hasIPv6Barrier(protocolNumber: protocolNumber) else { return }
        try perform(barrierRequest(RTM_NEWROUTE, protocolNumber, flags: NLM_F_CREATE | NLM_F_EXCL))
    }

    /// Removes the route again. Returns whether it was there.
    ///
    /// `ip -6 route delete unreachable default proto PROTOCOL metric 1`. Requires `CAP_NET_ADMIN`.
    package func removeIPv6Barrier(protocolNumber: UInt8) throws(Errno) -> Bool {
        guard try hasIPv6Barrier(protocolNumber: protocolNumber) else { return false }
        try perform(barrierRequest(RTM_DELROUTE, protocolNumber))
        return true
    }

    private func barrierRequest(
        _ type: Int, _ protocolNumber: UInt8, flags: Int32 = 0
    ) throws(Errno) -> Request<rtmsg> {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET6)
        header.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        header.rtm_protocol = protocolNumber
        header.rtm_type = UInt8(RTN_UNREACHABLE)
        let request = try Request(type, header, flags: flags)
        try request.put(RTA_PRIORITY.rawValue, UInt32(1))
        return request
    }

    private func dumpIPv6<Value>(_ parse: (borrowing Reply<rtmsg>) -> Value?) throws(Errno) -> [Value] {
        var header = rtmsg()
        header.rtm_family = UInt8(AF_INET6)
        header.rtm_table = UInt8(RT_TABLE_MAIN.rawValue)
        let request = try Request(RTM_GETROUTE, header, flags: NLM_F_DUMP)
        do throws(Errno) {
            return try collect(request) { reply in
                // A kernel without IPv6 answers with routes of IPv4.
                guard reply.header.rtm_family == UInt8(AF_INET6),
                    reply.number(RTA_TABLE.rawValue) == UInt32(RT_TABLE_MAIN.rawValue)
                else { return nil }
                return parse(reply)
            }
        } catch  where [.noSuchFile, .notSupported, .familyNotSupported].contains(error) {
            return []
        }
    }
}
