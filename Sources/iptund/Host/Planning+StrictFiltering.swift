// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// Where reverse paths are filtered strictly.
extension Planning {
    /// Our outer addresses towards the peers, and towards everybody as long as one is only known by name, if reverse paths
    /// are filtered strictly where packets come in.
    func strictLocals(_ underlay: borrowing Netlink) -> [IPv4Address] {
        var found: [(address: IPv4Address, link: Int32)] = ways.values.map { ($0.local, $0.link) }
        let isWhole = ways.count == settings.peers.count
        if !isWhole, let route = try? underlay.lookUp(Planning.farAway, from: settings.local, mark: mark.value),
            let source = route.source
        {
            found.append((source, route.link))
        }
        let common = (try? Sysctl.read("conf/all/rp_filter")) ?? 0
        var links: [Int32: Bool] = [:]
        let strict = found.filter { _, link in
            if let known = links[link] { return known }
            let own = ((try? underlay.settings(link: link)) ?? [:])[.reversePathFilter] ?? 0
            links[link] = max(own, common) == 1
            return max(own, common) == 1
        }
        return Set(strict.map(\.address)).sorted { $0.rawValue < $1.rawValue }
    }

    /// Some address that nobody has routes of his own to (RFC 5737), and so goes where most go.
    private static let farAway = IPv4Address(203, 0, 113, 1)
}
