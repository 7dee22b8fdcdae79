// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc

/// A setting of IPv4 on one link: what /proc/sys/net/ipv4/conf/NAME/ holds under the raw value.
///
/// Netlink sets it with `CAP_NET_ADMIN`; the file asks for the right to write root's files, which a container or a
/// child with few capabilities does not have.
package enum InterfaceSetting: String, Codable, CaseIterable, Sendable {
    /// Whether packets that arrive on the link are forwarded.
    case forwarding
    /// Whether ARP is answered for every address that is routed out of another link.
    case proxyARP = "proxy_arp"
    /// Whether senders on the link are told of shorter ways. What counts is this or `conf/all`, see ``Sysctl``.
    case sendRedirects = "send_redirects"
    /// Which sources are believed of packets from the link. What counts is the larger of this and `conf/all`.
    case reversePathFilter = "rp_filter"
    /// Whether packets from the link may have a source address of this host.
    case acceptLocal = "accept_local"

    /// The kernel's number for it (include/uapi/linux/ip.h, `IPV4_DEVCONF_…`).
    fileprivate var number: Int {
        switch self {
        case .forwarding: 1
        case .proxyARP: 3
        case .sendRedirects: 6
        case .reversePathFilter: 8
        case .acceptLocal: 23
        }
    }
}

/// Settings of links.
extension Netlink {
    /// The settings of a link; none where IPv4 is off, as on a link whose MTU is below 68.
    ///
    /// `sysctl net.ipv4.conf.NAME`
    /// - Throws: `ENODEV` for an unknown link.
    package func settings(link: Int32) throws(Errno) -> [InterfaceSetting: UInt32] {
        guard link > 0 else { throw .noDevice }
        var header = ifinfomsg()
        header.ifi_index = link
        let found = try collect(Request(RTM_GETLINK, header)) { reply in
            var settings: [InterfaceSetting: UInt32] = [:]
            for setting in InterfaceSetting.allCases {
                // A list of all settings, of which the first has number 1.
                settings[setting] = reply.number(
                    at: setting.number - 1, of: IFLA_INET_CONF, in: AF_INET, of: IFLA_AF_SPEC)
            }
            return settings
        }
        guard let settings = found.first else { throw .noDevice }
        return settings
    }

    /// Changes a setting of a link.
    ///
    /// Unlike a write to the file, this neither switches off large receive offload on a network card that begins to
    /// forward, nor tells those who listen for changes of settings (RTM_NEWNETCONF).
    ///
    /// `sysctl net.ipv4.conf.NAME.SETTING=VALUE`. Requires `CAP_NET_ADMIN`.
    /// - Throws: `EAFNOSUPPORT` where IPv4 is off on the link.
    package func set(_ setting: InterfaceSetting, to value: UInt32, link: Int32) throws(Errno) {
        guard link > 0 else { throw .noDevice }
        var header = ifinfomsg()
        header.ifi_index = link
        let request = try Request(RTM_NEWLINK, header)
        try request.nest(IFLA_AF_SPEC) { () throws(Errno) in
            try request.nest(AF_INET) { () throws(Errno) in
                try request.nest(IFLA_INET_CONF) { () throws(Errno) in try request.put(setting.number, value) }
            }
        }
        try perform(request)
    }
}
