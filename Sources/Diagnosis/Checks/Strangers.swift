// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether somebody sends who is no peer of anybody here.
package enum Strangers: Check {
    package static let id = "strangers"
    package static let why =
        "they are dropped; but perhaps it is a peer whose address changed, or is rewritten on the way"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            let growth = tunnel.dropped(.notPeer)
            guard growth.total > 0 else { return [] }
            // Every tunnel sees what is for the others.
            let own = Set(tunnel.peers.compactMap(\.endpoint))
            let others = host.running.filter { $0.name != tunnel.name }.flatMap(\.peers).filter { peer in
                peer.endpoint.map { !own.contains($0) } ?? false
            }
            let expected = others.reduce(Growth()) { $0 + $1.taken }
            // Tunnels are not asked at the very same moment.
            let slack = expected.recent / 10 + 2
            let isGrowing = growth.recent > expected.recent + (others.isEmpty ? 0 : slack)
            guard isGrowing || others.isEmpty else { return [] }
            return [
                finding(
                    isGrowing ? .warning : .info,
                    ["tunnel \(tunnel.name): \(growth.saying("packets from addresses that are no peers", host))"],
                    next: "tcpdump -ni any ip proto 4")
            ]
        }
    }
}

extension PeerSnapshot {
    /// All that came from it.
    fileprivate var taken: Growth {
        let reasons: [Drop] = [.innerSource, .ownSource, .innerChecksum, .martian]
        return reasons.reduce(received) { $0 + (drops[$1] ?? Growth()) }
    }
}
