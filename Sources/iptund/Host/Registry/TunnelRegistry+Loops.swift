// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

/// Tunnels that lead into each other.
extension TunnelRegistry {
    /// Why packets to a peer would go round through these tunnels; called when all routes are made.
    func loops(_ roster: Roster, _ device: String, mark: PacketMark, _ netlink: borrowing Netlink) -> [String] {
        let running = others.filter { $0.isUp && $0.isNextToUs && $0.isAtOurUnderlay }
        guard !running.isEmpty else { return [] }
        var routes = RouteLook()
        var ours = TunnelSnapshot(device)
        (ours.device, ours.mark) = (device, mark)
        ours.peers = roster.places.compactMap { roster.members[$0] }.map { member in
            var peer = PeerSnapshot(member.label, endpoint: member.address)
            (peer.allowed, peer.local) = (member.settings.allowed, member.local)
            return peer
        }
        var snapshots = running.map(\.snapshot)
        routes.askWays(of: &ours, netlink)
        for index in snapshots.indices { routes.askWays(of: &snapshots[index], netlink) }
        return TunnelLoop.all(of: ours, among: [ours] + snapshots).map { loop in
            "packets to a peer would go round, wrapped anew each time (\(loop.path)), until their TTL ends it: "
                + "\(loop.way.evidence)"
        }
    }
}

extension TunnelRegistry.Other {
    /// As far as loops go by it.
    fileprivate var snapshot: TunnelSnapshot {
        var tunnel = TunnelSnapshot(state.name)
        (tunnel.device, tunnel.mark, tunnel.local) = (state.device.name, state.mark ?? .standard, settings?.local)
        tunnel.peers = (settings?.peers ?? []).map { settings in
            var peer = PeerSnapshot(settings.label, endpoint: state.address(of: settings.endpoint))
            peer.allowed = settings.allowed
            return peer
        }
        return tunnel
    }
}
