// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether two tunnels of this host take packets of the same pair of addresses.
///
/// Every raw socket sees every packet of its protocol: each of the two drops what is the other's.
package enum OwnerTwice: Check {
    package static let id = "owner.twice"
    package static let why = "each of the two sees the packets of the other, and drops them"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, tunnel.only != .encapsulate else { return [] }
            for other in host.running where other.name != tunnel.name && other.only != .encapsulate {
                for peer in tunnel.peers {
                    guard let endpoint = peer.endpoint,
                        let twin = other.peers.first(where: { $0.endpoint == endpoint && $0.isSameEnd(as: peer) })
                    else { continue }
                    let lost = (peer.drops[.innerSource] ?? Growth()) + (twin.drops[.innerSource] ?? Growth())
                    let ends = "\(peer.local.map { "\($0)" } ?? "any address") and \(endpoint)"
                    let evidence = [
                        "tunnels \(tunnel.name) and \(other.name) both own packets between \(ends)",
                        lost.saying("packets dropped as inner-source", host),
                    ]
                    return [
                        finding(
                            lost.recent > 0 ? .broken : .warning, evidence,
                            fix: "put the peers' AllowedIPs into one tunnel: iptund down \(other.name)")
                    ]
                }
            }
            return []
        }
    }
}

extension PeerSnapshot {
    /// Whether packets between this one and us may be that one's.
    fileprivate func isSameEnd(as other: PeerSnapshot) -> Bool {
        local == nil || other.local == nil || local == other.local
    }
}
