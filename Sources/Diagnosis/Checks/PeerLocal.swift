// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Whether a peer's address is this host's own, or an address behind the peer is.
package enum PeerLocal: Check {
    package static let id = "peer.local"
    package static let why = "the table of local addresses is asked before every route: such packets never leave"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in tunnel.peers.flatMap { judge(tunnel, $0) } }
    }

    private static func judge(_ tunnel: TunnelSnapshot, _ peer: PeerSnapshot) -> [Finding] {
        // With a device in another network namespace, the other end may be here.
        if let way = peer.way, way.way == .local, tunnel.network == nil {
            let next = peer.endpoint.map { "to see where: ip address show to \($0)" }
            return [finding(.broken, ["tunnel \(tunnel.name): peer \(peer.label): \(way.evidence)"], next: next)]
        }
        let hidden = peer.inner.filter { $0.prefix.length == 32 && $0.answers.allSatisfy { $0.way == .local } }
        guard let first = hidden.first?.prefix.address else { return [] }
        let evidence = hidden.prefix(5).map {
            "tunnel \(tunnel.name): AllowedIPs \($0.prefix) of peer \(peer.label) is an address of this host"
        }
        return [finding(.warning, evidence, next: "to see where: ip address show to \(first)")]
    }
}
