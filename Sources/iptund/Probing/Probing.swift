// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

/// Tries peers, several at once.
enum Probing {
    /// Goes on until all are done. Each ends by itself.
    static func run(_ probers: [PeerProber]) {
        while true {
            let now = Clock.microseconds
            for prober in probers { prober.step(now) }
            let rest = probers.filter { !$0.isDone }
            guard let wake = rest.map(\.wake).min() else { return }
            let later = Clock.microseconds
            guard wake > later else { continue }
            var interests = rest.flatMap(\.sockets.interests)
            try? Poll.wait(for: &interests, timeoutMilliseconds: Int32(min((wake - later) / 1000 + 1, 100)))
        }
    }

    /// Whom to ask to try a peer of a running tunnel; `nil` while it has no address. `named` is an inner address to ask.
    static func order(
        _ report: TunnelReport, _ peer: TunnelReport.Peer, named: IPv4Address? = nil, _ netlink: borrowing Netlink
    ) -> ProbeOrder? {
        guard let endpoint = peer.endpoint.flatMap({ IPv4Address($0) }) else { return nil }
        var order = ProbeOrder(peer: peer.name ?? peer.host ?? "\(endpoint)", endpoint: endpoint)
        order.tunnel = report.name
        order.local = IPv4Address(peer.local ?? report.local)
        order.nextHop = nextHop(endpoint, from: order.local, netlink)
        var otherEnds: [IPv4Address] = []
        if let link = (try? netlink.link(named: report.device)) ?? nil {
            order.device = ProbeOrder.Device(link: link.index, mtu: link.mtu)
            let addresses = (try? netlink.addresses(link: link.index)) ?? []
            order.sources = addresses.map(\.address)
            otherEnds = addresses.compactMap(\.peer)
        }
        order.target = InnerTarget.choose(
            named: named ?? peer.probe.flatMap { IPv4Address($0) }, otherEnds: otherEnds,
            allowed: peer.allowedIPs.compactMap { Prefix($0) }, endpoint: endpoint)
        // Of several addresses the route names the one that is used; a device without any uses that of another.
        if let target = order.target?.address, let source = ((try? netlink.lookUp(target)) ?? nil)?.source {
            order.sources = [source] + order.sources.filter { $0 != source }
        }
        if order.sources.isEmpty { order.sources = [order.local].compactMap(\.self) }
        return order
    }

    /// Whom to ask before there is a tunnel.
    static func order(
        _ peer: String, at endpoint: IPv4Address, from local: IPv4Address?, _ netlink: borrowing Netlink
    ) -> ProbeOrder {
        var order = ProbeOrder(peer: peer, endpoint: endpoint)
        order.local = local ?? ((try? netlink.lookUp(endpoint, mark: RawSender.mark)) ?? nil)?.source
        order.nextHop = nextHop(endpoint, from: local, netlink)
        return order
    }

    private static func nextHop(
        _ endpoint: IPv4Address, from local: IPv4Address?, _ netlink: borrowing Netlink
    ) -> IPv4Address? {
        guard let route = try? netlink.lookUp(endpoint, from: local, mark: RawSender.mark) else { return nil }
        return route.gateway ?? endpoint
    }
}

extension PeerProbe {
    /// Takes in what the tunnel counted of the peer before and after.
    mutating func count(from before: TunnelReport.Peer, to after: TunnelReport.Peer) {
        received = after.received.packets &- before.received.packets
        receivedDrops = PeerProbe.growth(before.received.drops, after.received.drops)
        // Our own packet, sent back.
        if hairpin.sent > 0 { receivedDrops["own-source"] = nil }
        sentDrops = PeerProbe.growth(before.sent.drops, after.sent.drops)
        // Whoever sends too long packets was told so.
        sentDrops["fragmentation-needed"] = nil
        lastReceivedSecondsAgo = after.lastReceivedSecondsAgo
    }

    private static func growth(_ before: [String: UInt64], _ after: [String: UInt64]) -> [String: UInt64] {
        after.filter { $0.value > before[$0.key] ?? 0 }.reduce(into: [:]) { growth, entry in
            growth[entry.key] = entry.value - (before[entry.key] ?? 0)
        }
    }
}

extension PeerProbe.Attempt {
    /// Takes in an answer that took this long, microseconds.
    mutating func hear(_ time: UInt64) {
        answered += 1
        if roundTrip == nil { roundTrip = .init(time) } else { roundTrip?.add(time) }
    }

    /// Takes in an ICMP error; of many equal ones, one.
    mutating func hear(_ report: ICMPReport) {
        if reports.count < 16, !reports.contains(report) { reports.append(report) }
    }
}
