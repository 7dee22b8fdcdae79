// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// Which packets the filter has to let pass for the tunnels that were asked about.
extension HostSnapshot {
    /// So many peers of a tunnel are looked at: rules that stop one peer alone are rare, and there may be thousands.
    static var mostPeersAsked: Int { 32 }

    /// Outer packets from peers.
    func arrivals() -> [NetfilterQuestion] {
        outerWays(.decapsulate).map { .arriving(from: $0.peer, at: $0.local, by: $0.device) }
    }

    /// Outer packets to peers.
    func departures() -> [NetfilterQuestion] {
        outerWays(.encapsulate).map { .leaving(to: $0.peer, from: $0.local, by: $0.device) }
    }

    /// Inner packets for this host, or on to others where the tunnel is to forward.
    func innerArrivals(forwarded isForwarded: Bool) -> [NetfilterQuestion] {
        innerWays(.decapsulate, forwarded: isForwarded).map { way in
            .emerging(from: way.prefix, by: way.device, on: way.beyond, needed: way.isNeeded)
        }
    }

    /// Inner packets from this host, or from others where the tunnel is to forward.
    func innerDepartures(forwarded isForwarded: Bool) -> [NetfilterQuestion] {
        innerWays(.encapsulate, forwarded: isForwarded).map { way in
            .entering(to: way.prefix, by: way.device, from: way.beyond, needed: way.isNeeded)
        }
    }

    private struct OuterWay {
        var peer: IPv4Address
        var local: IPv4Address
        var device: String
    }

    private func outerWays(_ direction: Direction) -> [OuterWay] {
        tunnels.filter { $0.only == nil || $0.only == direction }.flatMap { tunnel in
            tunnel.peers.prefix(HostSnapshot.mostPeersAsked).compactMap { peer in
                guard let endpoint = peer.endpoint, case .out(let device, _, let source)? = peer.way?.way,
                    let local = peer.local ?? tunnel.local ?? source, device != tunnel.device
                else { return nil }
                return OuterWay(peer: endpoint, local: local, device: device)
            }
        }
    }

    private struct InnerWay {
        var prefix: Prefix
        var device: String
        /// The link of the hosts behind us.
        var beyond: String?
        var isNeeded: Bool
    }

    /// The rules of another network namespace are not read: a tunnel that ends there is passed over.
    private func innerWays(_ direction: Direction, forwarded isForwarded: Bool) -> [InnerWay] {
        var ways: [InnerWay] = []
        for tunnel in tunnels where tunnel.network == nil && (tunnel.only == nil || tunnel.only == direction) {
            guard let device = tunnel.device, !isForwarded || tunnel.forwarding == .asked else { continue }
            let beyond = isForwarded ? tunnel.proxy?.device : nil
            var prefixes: [Prefix] = []
            for peer in tunnel.peers.prefix(HostSnapshot.mostPeersAsked) { prefixes += (peer.allowed ?? []).prefix(8) }
            for prefix in prefixes.isEmpty ? [.all] : prefixes {
                ways.append(InnerWay(prefix: prefix, device: device, beyond: beyond, isNeeded: isForwarded))
            }
        }
        return ways
    }
}
