// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// Obstacles between this host and peers that have routes, looked for when a report is wanted, since the kernel notifies of
/// none of them.
extension Service {
    /// How many next hops are asked for: most tunnels have one.
    private static let hopLimit = 64

    /// Why nothing reaches a peer, by slot. The next hop does not answer, its link has no carrier, or the kernel refuses
    /// what is sent.
    mutating func obstacles(_ netlink: borrowing Netlink) -> [Int: String] {
        var known: [HostWatch.NextHop: String?] = [:]
        var obstacles: [Int: String] = [:]
        for slot in roster.places {
            obstacles[slot] = sending.problem(slot)
            guard let address = roster.members[slot]?.address, let hop = watch.nextHop(to: address) else { continue }
            if known[hop] == nil, known.count < Service.hopLimit { known[hop] = Service.fault(of: hop, netlink) }
            if let fault = known[hop] ?? nil { obstacles[slot] = fault }
        }
        return obstacles
    }

    private static func fault(of hop: HostWatch.NextHop, _ netlink: borrowing Netlink) -> String? {
        guard let link = (try? netlink.link(index: hop.link)) ?? nil else { return nil }
        if link.isUp, !link.isRunning { return "\(link.name), by which packets to it leave, has no carrier" }
        guard (try? netlink.isSilentNeighbour(hop.address, link: hop.link)) == true else { return nil }
        return "its next hop \(hop.address) on \(link.name) does not answer ARP"
    }
}
