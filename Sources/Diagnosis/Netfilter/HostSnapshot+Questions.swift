// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// The packets that the filter has to let pass for the tunnels that were asked about.
extension HostSnapshot {
    /// So many peers of a tunnel are looked at: rules that stop one peer alone are rare, and there may be thousands.
    static var mostPeersAsked: Int { 32 }
    /// So many of a peer's AllowedIPs, and so many links of this host.
    static var mostPrefixesAsked: Int { 8 }
    static var mostLinksAsked: Int { 16 }

    /// Outer packets from peers.
    func arrivals() -> [NetfilterQuestion] {
        outerRoutes(.decapsulate).map { route in
            var question = NetfilterQuestion.arriving(from: route.peer, at: route.local, by: route.device)
            if route.isSymmetric { question.packet.hasReturnPath = .yes }
            if surroundings.firstAddresses[route.device] == route.local {
                question.packet.destinationTypesAtDevice = [.local]
            }
            return onBridges(question)
        }
    }

    /// Outer packets to peers.
    func departures() -> [NetfilterQuestion] {
        outerRoutes(.encapsulate).map { onBridges(.leaving(to: $0.peer, from: $0.local, by: $0.device, mark: $0.mark)) }
    }

    /// Inner packets for this host: a filter may well be meant, unless answers get lost here.
    func innerArrivals() -> [NetfilterQuestion] {
        let isLost = probes.contains { $0.leg == .back }
        return innerPrefixes(.decapsulate).map { .emerging(from: $0.prefix, by: $0.device, onto: nil, needed: isLost) }
    }

    /// Inner packets from this host: a filter may well be meant, unless questions are refused here.
    func innerDepartures() -> [NetfilterQuestion] {
        let isRefused = probes.contains { $0.leg == .here }
        return innerPrefixes(.encapsulate).map {
            .entering(to: $0.prefix, by: $0.device, from: nil, needed: isRefused)
        }
    }

    /// The packets that are forwarded between a tunnel and other links, each with the links that it may be forwarded to or
    /// from. Empty where the tunnel is in another network namespace, whose rules are not read.
    func forwarded(_ tunnel: TunnelSnapshot, needed isNeeded: Bool) -> [[NetfilterQuestion]] {
        guard tunnel.network == nil, let device = tunnel.device else { return [] }
        let links = forwardingLinks(tunnel)
        var groups: [[NetfilterQuestion]] = []
        for direction in [Direction.decapsulate, .encapsulate] where tunnel.only == nil || tunnel.only == direction {
            for prefix in tunnel.innerPrefixes {
                groups.append(
                    links.map { link in
                        let question: NetfilterQuestion =
                            direction == .decapsulate
                            ? .emerging(from: prefix, by: device, onto: link, needed: isNeeded)
                            : .entering(to: prefix, by: device, from: link, needed: isNeeded)
                        return onBridges(question.forwardedAnywhere)
                    })
            }
        }
        return groups
    }

    /// The links at the other end of forwarding; one that is `nil` where none is known.
    private func forwardingLinks(_ tunnel: TunnelSnapshot) -> [String?] {
        if let proxy = tunnel.proxy { return [proxy.device] }
        let known = tunnel.forwardDevices.isEmpty ? network.connected.map(\.name) : tunnel.forwardDevices
        let links = known.filter { $0 != tunnel.device }.prefix(HostSnapshot.mostLinksAsked)
        return links.isEmpty ? [nil] : links.map(\.self)
    }

    /// The same question, where a device that is a bridge is known as one.
    func onBridges(_ question: NetfilterQuestion) -> NetfilterQuestion {
        var question = question
        if isBridge(question.packet.inputDevice) { question.packet.bridges.insert(.input) }
        if isBridge(question.packet.outputDevice) { question.packet.bridges.insert(.output) }
        return question
    }

    private func isBridge(_ device: Netfilter.Device) -> Bool {
        guard let name = device.name else { return false }
        return network.links[name]?.isBridge ?? network.connected.contains { $0.name == name && $0.isBridge }
    }

    private struct OuterRoute {
        var peer: IPv4Address
        var local: IPv4Address
        var device: String
        var mark: PacketMark
        /// Whether packets without our mark go to the peer by the same device.
        var isSymmetric: Bool
    }

    private func outerRoutes(_ direction: Direction) -> [OuterRoute] {
        tunnels.filter { $0.only == nil || $0.only == direction }.flatMap { tunnel in
            tunnel.peers.prefix(HostSnapshot.mostPeersAsked).compactMap { peer in
                guard let endpoint = peer.endpoint, case .out(let device, _, let source)? = peer.way?.way,
                    let local = peer.local ?? tunnel.local ?? source, device != tunnel.device
                else { return nil }
                return OuterRoute(
                    peer: endpoint, local: local, device: device, mark: tunnel.mark,
                    isSymmetric: peer.plainWay?.device == device)
            }
        }
    }

    /// The rules of another network namespace are not read: a tunnel that ends there is passed over.
    private func innerPrefixes(_ direction: Direction) -> [(prefix: Prefix, device: String)] {
        tunnels.flatMap { tunnel -> [(prefix: Prefix, device: String)] in
            guard tunnel.network == nil, tunnel.only == nil || tunnel.only == direction, let device = tunnel.device
            else { return [] }
            return tunnel.innerPrefixes.map { ($0, device) }
        }
    }
}

extension TunnelSnapshot {
    /// AllowedIPs of its peers, as far as they are looked at; everything where there are none.
    fileprivate var innerPrefixes: [Prefix] {
        let prefixes = peers.prefix(HostSnapshot.mostPeersAsked).flatMap { peer in
            (peer.allowed ?? []).prefix(HostSnapshot.mostPrefixesAsked)
        }
        return prefixes.isEmpty ? [.all] : prefixes
    }
}
