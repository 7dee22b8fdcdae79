// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// What is known of the peers before anything is opened.
struct Start {
    let roster: Roster
    /// The ways to those peers that are given by address.
    let ways: [IPv4Address: Way]
    let table: PeerTable
    /// Where peers are by what is known of a tunnel before, that are known by name.
    let learned: [PeerAddress: IPv4Address]

    /// Looks for ways to the peers of outer packets with this mark. Names wait until the tunnel stands, but for those whose address
    /// `before` knows, the tunnel of this name before; so does a peer that no route leads to yet.
    ///
    /// Needs no privilege.
    static func look(
        _ settings: TunnelSettings, _ mark: PacketMark, _ before: TunnelState?, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Start {
        let addresses = try addresses(netlink)
        if let local = settings.local, !addresses.contains(local) {
            throw Complaint(
                "--local \(local)", why: "is not an address of this host",
                whatNow: "'ip -4 address' lists them; leave it out to take what the route says")
        }
        var roster = Roster(settings.peers, local: settings.local)
        let learned = (before?.addresses ?? [:]).reduce(into: [PeerAddress: IPv4Address]()) { learned, entry in
            learned[.name(entry.key)] = entry.value
        }
        roster.recall(learned)
        var ways: [IPv4Address: Way] = [:]
        var finder = WayFinder(WayFinder.Scope(deviceIn: settings.namespace), mark: mark)
        for place in roster.places {
            guard let peer = roster.members[place]?.address else { continue }
            let found: Result<Way, Way.Obstacle>
            do throws(Way.Obstacle) {
                let way = try finder.find(peer, from: settings.local, netlink)
                ways[peer] = way
                found = .success(way)
            } catch {
                // The last address of a name says nothing of the configuration.
                guard error.mayPass || roster.members[place]?.host != nil else {
                    throw Complaint(
                        "peer \(peer)", why: error.why, whatNow: Start.remedy(for: error, settings))
                }
                found = .failure(error)
            }
            _ = roster.settle(place, by: found, own: addresses)
        }
        return Start(roster: roster, ways: ways, table: try roster.checkedTable(), learned: learned)
    }

    private static func remedy(for obstacle: Way.Obstacle, _ settings: TunnelSettings) -> String {
        guard obstacle == .isOurs, settings.namespace != nil else { return "give the address of the other end" }
        return "with Netns it may be, if Local is another one of them"
    }

    /// The inode of the network namespace that outer packets leave from.
    static func namespace() throws(Complaint) -> UInt64 {
        try explaining("cannot tell the network namespace", whatNow: "mount /proc") { () throws(Errno) in
            try NetworkNamespace.current().inode
        }
    }

    private static func addresses(_ netlink: borrowing Netlink) throws(Complaint) -> Set<IPv4Address> {
        try explaining("cannot list this host's addresses", whatNow: "this should not happen") { () throws(Errno) in
            Set(try netlink.addresses(link: nil).map(\.address))
        }
    }
}

extension Roster {
    /// ``table()``, and its errors for people.
    func checkedTable() throws(Complaint) -> PeerTable {
        do throws(PeerTable.Invalid) {
            return try table()
        } catch {
            throw Complaint("the peers", why: "\(error)", whatNow: "check their addresses and AllowedIPs")
        }
    }

    /// The outer address of ours that all peers know; `nil` when there are several or none.
    var commonLocal: IPv4Address? {
        if let local { return local }
        let locals = Set(places.compactMap { members[$0]?.local })
        return locals.count == 1 ? locals.first : nil
    }
}
