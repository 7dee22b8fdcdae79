// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// Whether two tunnels of this host take packets of the same pair of addresses.
///
/// Every raw socket sees every packet of its protocol: each of the two drops what is the other's.
package enum OwnerTwice: Check {
    package static let id = "owner.twice"
    package static let why = "each of the two is given the packets of the other: what both accept arrives twice"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, tunnel.only != .encapsulate else { return [] }
            for other in host.running where other.name != tunnel.name && other.only != .encapsulate {
                for peer in tunnel.peers {
                    guard let endpoint = peer.endpoint,
                        let twin = other.peers.first(where: { $0.endpoint == endpoint && $0.isSameEnd(as: peer) })
                    else { continue }
                    let ends = "\(peer.local.map { "\($0)" } ?? "any address") and \(endpoint)"
                    let owners = "tunnels \(tunnel.name) and \(other.name) both own packets between \(ends)"
                    guard let shared = peer.shared(with: twin) else {
                        let text = "each drops the packets of the other as inner-source, which does no harm"
                        return [finding(.info, [owners, text])]
                    }
                    return [
                        finding(
                            .broken, [owners, "both accept inner packets from \(shared), so these arrive twice"],
                            next: "put the AllowedIPs of both into one tunnel, and end the other")
                    ]
                }
            }
            return []
        }
    }
}

extension PeerSnapshot {
    /// Whether packets between this one and us may be that one's.
    func isSameEnd(as other: PeerSnapshot) -> Bool {
        local == nil || other.local == nil || local == other.local
    }

    /// A block of inner sources that both accept; `nil` when there is none.
    fileprivate func shared(with other: PeerSnapshot) -> Prefix? {
        let (ours, theirs) = (allowed ?? [.all], other.allowed ?? [.all])
        for prefix in ours {
            for block in theirs where prefix.contains(block.address) || block.contains(prefix.address) {
                return prefix.length > block.length ? prefix : block
            }
        }
        return nil
    }
}
