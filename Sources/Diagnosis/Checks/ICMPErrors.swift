// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// What the network says about our outer packets.
package enum ICMPErrors: Check {
    package static let id = "icmp.errors"
    package static let why = "a host on the way refuses outer packets, and says why"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            guard peer.errors.total > 0 else { return nil }
            let evidence = [
                "tunnel \(tunnel.name): peer \(peer.label): \(peer.errors.saying("ICMP errors", host))",
                peer.lastError.map { "the last one: \($0)" },
            ]
            // Errors of the past are of no interest where the peer was heard since.
            let isHeard = peer.received.total > 0 || tunnel.only == .encapsulate
            let isOwn = peer.local.map { local in peer.lastError?.contains("from \(local))") == true } ?? false
            let reason = isOwn ? "this host finds no neighbour to hand outer packets to" : nil
            return finding(
                peer.errors.recent > 0 || !isHeard ? .warning : .info, evidence.compactMap(\.self), why: reason)
        }
    }
}
