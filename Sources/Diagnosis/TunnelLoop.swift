// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Where outer packets to a peer go, tunnel by tunnel of this host, until they leave it or come round.
package struct TunnelLoop: Equatable, Sendable {
    /// The names of the tunnels, in order; the last one stands there once before.
    package let tunnels: [String]
    /// The way that leads from the first tunnel on.
    package let way: RouteAnswer

    /// The tunnels of the loop as text: `w0 -> w1 -> w0`.
    package var path: String { tunnels.joined(separator: " -> ") }

    /// Follows the way to `peer` of `tunnel` through those of `all` whose devices are here too; `nil` when it ends.
    package init?(_ peer: PeerSnapshot, of tunnel: TunnelSnapshot, among all: [TunnelSnapshot]) {
        guard tunnel.network == nil, let way = peer.way else { return nil }
        var (passed, current) = ([tunnel.name], peer)
        while let device = current.way?.device, let next = all.first(where: { $0.takes(device) }) {
            passed.append(next.name)
            if passed.dropLast().contains(next.name) {
                (tunnels, self.way) = (passed, way)
                return
            }
            guard let endpoint = current.endpoint, let onward = next.peer(owning: endpoint) else { return nil }
            current = onward
        }
        return nil
    }

    /// The loops that peers of `tunnel` lead into, one of each kind.
    package static func all(of tunnel: TunnelSnapshot, among all: [TunnelSnapshot]) -> [TunnelLoop] {
        tunnel.peers.reduce(into: []) { loops, peer in
            guard let loop = TunnelLoop(peer, of: tunnel, among: all) else { return }
            if !loops.contains(where: { $0.tunnels == loop.tunnels }) { loops.append(loop) }
        }
    }
}

extension TunnelSnapshot {
    /// Whether this is where packets go that are routed into the device of this name.
    fileprivate func takes(_ device: String) -> Bool { network == nil && self.device == device }

    /// The peer that packets to `address` are sent to: the one with the longest of AllowedIPs around it.
    fileprivate func peer(owning address: IPv4Address) -> PeerSnapshot? {
        let owners = peers.compactMap { peer -> (peer: PeerSnapshot, length: Int)? in
            let lengths = (peer.allowed ?? [.all]).filter { $0.contains(address) }.map(\.length)
            return lengths.max().map { (peer, $0) }
        }
        return owners.max { $0.length < $1.length }?.peer
    }
}
