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

    /// How to try a peer of a running tunnel whose device is at `place`; `nil` while it has no address. `named` is an inner
    /// address to ask, `configured` what the device was given as its addresses.
    static func order(
        _ report: TunnelReport, _ peer: TunnelReport.Peer, named: IPv4Address? = nil,
        configured: [InterfaceAddress], _ netlink: borrowing Netlink, _ place: borrowing DevicePlace
    ) -> ProbeOrder? {
        guard let endpoint = peer.endpoint.flatMap({ IPv4Address($0) }) else { return nil }
        var order = ProbeOrder(peer: peer.name ?? peer.host ?? "\(endpoint)", endpoint: endpoint)
        order.tunnel = report.name
        order.local = IPv4Address(peer.local ?? report.local)
        order.mark = report.mark ?? .standard
        order.nextHop = nextHop(endpoint, from: order.local, order.mark, netlink)
        order.namespace = place.name
        let device = (try? place.netlink.link(named: report.device)) ?? nil
        order.device = device.map { ProbeOrder.Device(link: $0.index, mtu: $0.mtu) }
        let addresses = device.flatMap { try? place.netlink.addresses(link: $0.index) } ?? []
        let own = Set(((try? place.netlink.addresses(link: nil)) ?? []).map(\.address))
        order.target = named.map { PeerProbe.Target($0, .named) }
        // A probe that has become an address of this host since the tunnel was set up would be answered here.
        if order.target == nil, let probe = peer.probe.flatMap({ IPv4Address($0) }), !own.contains(probe) {
            order.target = PeerProbe.Target(probe, .named, because: "Probe")
        }
        if order.target == nil {
            let allowed = peer.allowedIPs.compactMap { Prefix($0) }
            // An address that was taken from the device is still not the peer's.
            order.target = InnerTarget(
                addresses: addresses + configured.filter { !addresses.contains($0) }, own: own, allowed: allowed,
                endpoint: endpoint
            ).choose()
        }
        order.sources = sources(order, addresses.map(\.address), place.netlink)
        order.isUnnumbered = addresses.isEmpty
        // Through a device without an address packets of this host have whatever address it has elsewhere.
        if order.isUnnumbered { order.sources += own.filter { $0.isUnicast && !order.sources.contains($0) }.sorted() }
        order.route = routeText(endpoint, from: order.local, order.mark, netlink)
        return order
    }

    private static func routeText(
        _ endpoint: IPv4Address, from local: IPv4Address?, _ mark: PacketMark, _ netlink: borrowing Netlink
    ) -> String? {
        guard let route = try? netlink.lookUp(endpoint, from: local, mark: mark.value),
            let link = (try? netlink.link(index: route.link)) ?? nil
        else { return nil }
        return (route.gateway.map { "via \($0) " } ?? "") + "dev \(link.name)"
    }

    /// The inner sources, the best one first: of several addresses the route into the device names the one that packets
    /// have; where the target is routed elsewhere, as the peer's outer address is, the peer knows the device's own address.
    private static func sources(
        _ order: ProbeOrder, _ addresses: [IPv4Address], _ netlink: borrowing Netlink
    ) -> [IPv4Address] {
        var sources = addresses
        if let target = order.target?.address, let route = (try? netlink.lookUp(target)) ?? nil,
            let source = route.source, addresses.isEmpty || route.link == order.device?.link
        {
            sources = [source] + addresses.filter { $0 != source }
        }
        return sources.isEmpty ? [order.local].compactMap(\.self) : sources
    }

    /// Whom to ask before there is a tunnel.
    static func order(
        _ peer: String, at endpoint: IPv4Address, from local: IPv4Address?, _ netlink: borrowing Netlink
    ) -> ProbeOrder {
        var order = ProbeOrder(peer: peer, endpoint: endpoint)
        order.local = local ?? ((try? netlink.lookUp(endpoint, mark: order.mark.value)) ?? nil)?.source
        order.nextHop = nextHop(endpoint, from: local, order.mark, netlink)
        return order
    }

    private static func nextHop(
        _ endpoint: IPv4Address, from local: IPv4Address?, _ mark: PacketMark, _ netlink: borrowing Netlink
    ) -> IPv4Address? {
        guard let route = try? netlink.lookUp(endpoint, from: local, mark: mark.value) else { return nil }
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
