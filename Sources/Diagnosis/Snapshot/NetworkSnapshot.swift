// SPDX-License-Identifier: Apache-2.0

package import Wire

/// One network namespace: ours, or the one that a tunnel's device is in.
package struct NetworkSnapshot: Sendable {
    /// The links that the tunnels asked about have to do with, by name.
    package var links: [String: LinkSnapshot] = [:]
    /// The links that this host has a network at, loopback aside; the first ones where there are many.
    package var connected: [LinkSnapshot] = []
    /// This host's own addresses there.
    package var addresses: Seen<Set<IPv4Address>> = .hidden("not asked")
    /// Routing rules, in their order.
    package var rules: Seen<[RuleSnapshot]> = .hidden("not asked")
    /// What is set for all links together (`conf/all`), and `ip_forward` under its own name.
    package var common: Seen<[String: UInt32]> = .hidden("not asked")
    /// The kernel's counters, by group and name.
    package var counters: Seen<[String: Growth]> = .hidden("not asked")
    /// Raw sockets.
    package var rawSockets: Seen<[RawSocket]> = .hidden("not asked")
    /// For whom ARP is answered, by the name of the link.
    package var proxies: Seen<[String: Set<IPv4Address>]> = .hidden("not asked")

    /// One that was not looked at.
    package init() {}

    /// A counter of the kernel; `nil` where it cannot be seen.
    package func counter(_ name: String) -> Growth? { counters.value?[name] }

    /// What a setting of a link amounts to: the kernel takes the larger one of the link's own and of that for all.
    ///
    /// - Returns: `nil` when it cannot be told.
    package func effective(_ setting: LinkSnapshot.Setting, _ link: String) -> UInt32? {
        guard let own = links[link]?.settings[setting] else { return nil }
        switch setting {
        case .forwarding, .acceptLocal: return own
        case .reversePathFilter, .sendRedirects, .proxyARP:
            guard let common = common.value?[setting.rawValue] else { return nil }
            return max(own, common)
        }
    }

    /// How a setting of a link is said: `net.ipv4.conf.eth0.rp_filter = 1`.
    package func saying(_ setting: LinkSnapshot.Setting, _ link: String) -> String {
        let value = links[link]?.settings[setting].map { "\($0)" } ?? "?"
        return "\(setting.key(of: link)) = \(value)"
    }

    /// The same for all links.
    package func saying(_ setting: LinkSnapshot.Setting) -> String {
        "net.ipv4.conf.all.\(setting.rawValue) = \(common.value?[setting.rawValue].map { "\($0)" } ?? "?")"
    }
}
