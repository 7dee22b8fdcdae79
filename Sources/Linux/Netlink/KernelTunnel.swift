// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// A link by which the kernel itself wraps and unwraps IP in IP.
package struct KernelTunnel: Equatable, Sendable {
    package let name: String
    /// `ipip`, or `sit`, which may take IPv4 too.
    package let kind: String
    /// Whether it is switched on: one that is not takes no packet.
    package let isUp: Bool
    /// Its outer addresses; 0.0.0.0 for any.
    package let local: IPv4Address
    package let remote: IPv4Address
    /// The number of the link.
    package var index: Int32 = 0
    /// Whether it takes IPv4 inside of IPv4: `sit` is for IPv6 alone unless it was made with `mode any` or `mode ipip`.
    package var takesIPv4 = true
}

extension Netlink {
    /// The kernel's own IP in IP tunnels. The kernel picks them out: thousands of other links cost nothing.
    ///
    /// `ip -details link show type ipip`, and `type sit`.
    package func kernelTunnels() throws(Errno) -> [KernelTunnel] {
        var tunnels: [KernelTunnel] = []
        for kind in ["ipip", "sit"] {
            let request = try Request(RTM_GETLINK, ifinfomsg(), flags: NLM_F_DUMP)
            try request.nest(IFLA_LINKINFO) { () throws(Errno) in try request.put(IFLA_INFO_KIND, kind) }
            do throws(Errno) {
                // One that does not pick them out sends every link.
                tunnels += try collect(request, KernelTunnel.init).filter { $0.kind == kind }
            } catch .notSupported {
                // There is no such kind on this kernel.
            }
        }
        return tunnels
    }
}

extension KernelTunnel {
    fileprivate init?(_ reply: borrowing Reply<ifinfomsg>) {
        guard let name = reply.text(IFLA_IFNAME), let kind = reply.text(IFLA_INFO_KIND, in: IFLA_LINKINFO) else {
            return nil
        }
        func address(_ attribute: some BinaryInteger) -> IPv4Address {
            let number = reply.number(at: 0, of: attribute, in: IFLA_INFO_DATA, of: IFLA_LINKINFO)
            return IPv4Address(rawValue: UInt32(bigEndian: number ?? 0))
        }
        self.init(
            name: name, kind: kind, isUp: reply.header.ifi_flags & UInt32(IFF_UP.rawValue) != 0,
            local: address(KernelTunnel.localAttribute), remote: address(KernelTunnel.remoteAttribute))
        index = reply.header.ifi_index
        let carried = reply.octet(KernelTunnel.protocolAttribute, in: IFLA_INFO_DATA, of: IFLA_LINKINFO)
        takesIPv4 = carried.map { [0, IPProtocol.ipip.rawValue].contains($0) } ?? true
    }

    /// IFLA_IPTUN_LOCAL and IFLA_IPTUN_REMOTE of linux/if_tunnel.h, which clashes with the C library's headers.
    private static let localAttribute = 2
    private static let remoteAttribute = 3
    /// IFLA_IPTUN_PROTO: the protocol that is carried, 0 for any.
    private static let protocolAttribute = 9
}
