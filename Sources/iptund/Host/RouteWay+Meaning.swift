// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

extension RouteWay {
    /// Whether a longer route is an exception that was meant here: on the link, or by a router as an administrator or a routing
    /// daemon says. What DHCP, router advertisements and redirects say comes from any host of the network, and halves of everything
    /// are a way to take a tunnel's packets, "TunnelVision" (CVE-2024-3661). `dhclient` makes such routes as `ip route add`
    /// does. To private addresses they count nevertheless, unless these are what the tunnel is for.
    func isMeant(_ allowed: [Prefix]) -> Bool {
        guard destination.length >= RouteWay.shortest else { return false }
        guard isByRouter, RouteWay.doubtful.contains(protocolNumber) else { return true }
        let isPrivate = RouteWay.privateBlocks.contains { block in
            block.length <= destination.length && block.contains(destination.address)
        }
        return isPrivate
            && !allowed.contains { $0.length >= RouteWay.shortest && $0.contains(destination.address) }
    }

    /// No administrator means a shorter prefix as an exception.
    private static let shortest = 8
    /// RTPROT_REDIRECT, RTPROT_BOOT, RTPROT_RA, RTPROT_DHCP.
    private static let doubtful: Set<UInt8> = [1, 3, 9, 16]
    /// RFC 1918, RFC 6598, RFC 3927.
    private static let privateBlocks = [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    ]
    .compactMap { Prefix($0) }
}
