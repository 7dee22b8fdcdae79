// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// Follows what changes on the host while a tunnel is up: our own addresses, and how long a packet may leave for a peer.
struct HostWatch: ~Copyable {
    private let changes: NetworkChanges
    private let table: PeerTable
    private var ownAddresses: Set<IPv4Address> = []
    private var peersInTunnel: Set<IPv4Address> = []
    private var ways: [IPv4Address: Way] = [:]
    /// When to look next, milliseconds; `nil` while nothing has changed.
    private var dueAt: UInt64? = 0

    /// Changes come in crowds; this long is waited for more of them, milliseconds.
    private static let patience: UInt64 = 100

    /// How packets leave for a peer.
    private struct Way: Equatable {
        let gateway: IPv4Address?
        let link: Int32
    }

    /// What was found when it was looked.
    struct Findings {
        /// The new rules, if they changed.
        var rules: RuleSet?
        /// How long an outer packet may leave for each peer, by place in the table, octets; `nil` where there is no way.
        var underlayMTU: [Int?] = []
        /// Peers that have just been routed into the tunnel which they are the other end of.
        var newlyInTunnel: [IPv4Address] = []
        /// Peers that packets now leave for by another way, and which.
        var newWays: [String] = []
        /// Our ends of the tunnel that are addresses of this host no more.
        var missingEnds: Set<IPv4Address> = []
    }

    /// Begins to listen. It is due at once.
    init(_ table: PeerTable) throws(Errno) {
        changes = try NetworkChanges()
        self.table = table
    }

    /// That something changed.
    var interest: Poll.Interest { .reading(changes.descriptor) }

    /// How long the main thread may sleep at most, milliseconds; -1 for as long as it likes.
    func timeoutMilliseconds(at now: UInt64) -> Int32 {
        guard let dueAt else { return -1 }
        return Int32(clamping: dueAt > now ? dueAt - now : 0)
    }

    /// Something changed: it is due soon.
    mutating func listen(at now: UInt64) {
        if changes.drain(), dueAt == nil { dueAt = now + HostWatch.patience }
    }

    /// Looks, when it is due; `nil` when it is not, or when the kernel does not answer.
    mutating func look(_ netlink: borrowing Netlink, device: Int32, at now: UInt64) -> Findings? {
        guard let due = dueAt, due <= now else { return nil }
        dueAt = nil
        var findings = Findings()
        if let addresses = try? netlink.addresses(link: nil) {
            let ours = Set(addresses.map(\.address))
            if ours != ownAddresses {
                ownAddresses = ours
                findings.rules = RuleSet(table: table, ownAddresses: ours)
            }
        }
        findings.missingEnds = Set(table.peers.compactMap(\.local)).subtracting(ownAddresses)
        findings.underlayMTU = [Int?](repeating: nil, count: table.slots.count)
        for (index, peer) in zip(table.indices, table.peers) {
            guard let endpoint = peer.endpoint else { continue }
            let route = try? netlink.lookUp(endpoint, from: peer.local, mark: RawSender.mark)
            let isInTunnel = route?.link == device && device != 0
            if isInTunnel, peersInTunnel.insert(endpoint).inserted { findings.newlyInTunnel.append(endpoint) }
            if !isInTunnel { peersInTunnel.remove(endpoint) }
            if let route, let way = newWay(to: endpoint, route, netlink) { findings.newWays.append(way) }
            if let route, !isInTunnel {
                let octets = mtu(to: endpoint, from: peer.local, by: route, netlink)
                findings.underlayMTU[Int(index.rawValue)] = octets
            }
        }
        return findings
    }

    /// The way to a peer in words, if it is another than before.
    private mutating func newWay(
        to peer: IPv4Address, _ route: ResolvedRoute, _ netlink: borrowing Netlink
    ) -> String? {
        let way = Way(gateway: route.gateway, link: route.link)
        let before = ways.updateValue(way, forKey: peer)
        guard let before, before != way else { return nil }
        let link = (try? netlink.link(index: route.link))?.name ?? "link \(route.link)"
        return "\(peer)\(way.gateway.map { " via \($0)" } ?? "") dev \(link)"
    }

    private func mtu(
        to peer: IPv4Address, from local: IPv4Address?, by route: ResolvedRoute, _ netlink: borrowing Netlink
    ) -> Int? {
        guard let link = try? netlink.link(index: route.link) else { return nil }
        let configured = try? netlink.configuredMTU(peer, from: local, mark: RawSender.mark)
        return min(configured ?? link.mtu, link.mtu)
    }
}
