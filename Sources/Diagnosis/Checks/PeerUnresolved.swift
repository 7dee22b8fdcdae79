// SPDX-License-Identifier: Apache-2.0

/// Whether the names of peers have addresses.
package enum PeerUnresolved: Check {
    package static let id = "peer.unresolved"
    package static let why = "nothing can be sent to a name that has no address"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            guard let name = peer.host, peer.endpoint == nil else { return nil }
            let why = peer.problem.map { ": \($0)" } ?? ""
            return finding(
                .broken, ["tunnel \(tunnel.name): peer \(peer.label) has no address\(why)"],
                next: "getent ahostsv4 \(name)")
        }
    }
}
