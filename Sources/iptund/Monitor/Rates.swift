// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// What happened between two reports of a tunnel, a second.
struct Rates: Equatable {
    let peers: [Peer]
    /// Reasons that have occurred since the tunnel came up, the most frequent of the moment first.
    let drops: [Drop]
    /// Packets that the kernel dropped before the daemon saw them.
    let kernelLosses: Double

    /// One way, to a peer or from it.
    struct Transfer: Equatable {
        var packets: Double
        var octets: Double
    }

    struct Peer: Equatable {
        /// What it is called, as in metrics.
        var label: String
        var sent: Transfer
        var received: Transfer
        var drops: Double
        var lastReceivedSecondsAgo: UInt64?
    }

    /// One reason in one direction, of all peers and of nobody's packets.
    struct Drop: Equatable {
        var direction: Direction
        var reason: String
        var rate: Double
        /// Since the tunnel came up, as far as its peers are the same ones.
        var total: UInt64
    }

    /// - Parameter seconds: between the two, more than 0.
    init(from before: TunnelReport, to now: TunnelReport, seconds: Double) {
        // A counter that went back began anew; what it counted before is not known.
        let rate = { (old: UInt64, new: UInt64) in new >= old ? Double(new - old) / seconds : 0 }
        let old = Dictionary(zip(before.peerLabels, before.peers)) { first, _ in first }
        peers = zip(now.peerLabels, now.peers).map { label, peer in
            let past = old[label] ?? peer
            let transfer = { (old: TunnelReport.Transfer, new: TunnelReport.Transfer) in
                Transfer(packets: rate(old.packets, new.packets), octets: rate(old.octets, new.octets))
            }
            let dropped = { (peer: TunnelReport.Peer) in
                (peer.sent.drops.values.map(\.self) + peer.received.drops.values).reduce(0, +)
            }
            return Peer(
                label: label, sent: transfer(past.sent, peer.sent), received: transfer(past.received, peer.received),
                drops: rate(dropped(past), dropped(peer)), lastReceivedSecondsAgo: peer.lastReceivedSecondsAgo)
        }
        let past = Rates.drops(of: before)
        drops = Rates.drops(of: now).map { key, total in
            Drop(direction: key.direction, reason: key.reason, rate: rate(past[key] ?? 0, total), total: total)
        }.sorted {
            ($1.rate, $1.total, $0.direction.rawValue, $0.reason) < (
                $0.rate, $0.total, $1.direction.rawValue, $1.reason
            )
        }
        kernelLosses =
            rate(before.kernelLosses.socket, now.kernelLosses.socket)
            + rate(before.kernelLosses.device, now.kernelLosses.device)
    }

    private struct Key: Hashable {
        let direction: Direction
        let reason: String
    }

    private static func drops(of report: TunnelReport) -> [Key: UInt64] {
        var totals: [Key: UInt64] = [:]
        let ofNobody = report.directions.map { ($0.name, $0.values.drops) }
        let ofPeers = report.peers.flatMap { $0.directions.map { ($0.name, $0.values.drops) } }
        for (direction, drops) in ofNobody + ofPeers {
            for (reason, count) in drops { totals[Key(direction: direction, reason: reason), default: 0] += count }
        }
        return totals
    }
}
