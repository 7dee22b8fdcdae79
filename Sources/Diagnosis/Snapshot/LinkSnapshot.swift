// SPDX-License-Identifier: Apache-2.0

/// A link that outer or inner packets pass.
package struct LinkSnapshot: Equatable, Sendable {
    /// By which people know it.
    package var name: String
    /// Octets.
    package var mtu: Int
    /// Whether it is switched on, and whether it can carry packets now.
    package var isUp = true, isRunning = true
    /// Whether it is a bridge of Linux, whose frames pass the packet filter's family `bridge`.
    package var isBridge = false
    /// Whether it has any IPv4 address: without one, loose reverse path filtering is strict (Linux, `fib_validate_source`).
    package var hasAddress = true
    /// The driver's kind, such as `bridge` or `wireguard`; `nil` for hardware.
    package var kind: String?
    /// The VRF that the link belongs to, by name.
    package var vrf: String?
    /// Packets that were dropped instead of sent.
    package var sendDrops = Growth()
    /// What is set for it alone; empty where IPv4 is off.
    package var settings: [Setting: UInt32] = [:]

    /// What /proc/sys/net/ipv4/conf/NAME/ holds under the raw value.
    package enum Setting: String, Sendable, CaseIterable {
        case forwarding
        case proxyARP = "proxy_arp"
        case sendRedirects = "send_redirects"
        case reversePathFilter = "rp_filter"
        case acceptLocal = "accept_local"

        /// The name that sysctl(8) has for the setting of a link: a dot in the link's name is a slash there.
        package func key(of link: String) -> String {
            "net.ipv4.conf.\(String(link.map { $0 == "." ? "/" : $0 })).\(rawValue)"
        }
    }

    /// A link that is up, of which nothing else is known.
    package init(_ name: String, mtu: Int = 1_500) {
        self.name = name
        self.mtu = mtu
    }
}
