// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// Turns counters and set-up into a ``TunnelReport``.
struct Reporter {
    let name: String
    let processID: Int32
    let namespace: UInt64
    /// When the tunnel came up, milliseconds of ``Clock``.
    let start: UInt64
    let underlay: Underlay
    let table: PeerTable
    let shortfalls: [Privileges.Shortfall]

    /// The report of this moment; `link` is the device as it is now, `nil` when it is gone.
    func report(
        encapsulated: Counters.Snapshot, decapsulated: Counters.Snapshot, link: Link?, now: UInt64
    ) -> TunnelReport {
        let peers = table.peers.indices.map { index in
            peer(table.peers[index], sent: encapsulated.peers[index], received: decapsulated.peers[index], now: now)
        }
        return TunnelReport(
            name: name, state: link?.isUp == true ? .up : .degraded, pid: processID, namespace: namespace,
            uptimeSeconds: (now - start) / 1000, mtu: link?.mtu ?? 0, underlayMTU: underlay.mtu,
            local: "\(underlay.local)", peers: peers, encapsulate: direction(encapsulated),
            decapsulate: direction(decapsulated), privilegeShortfalls: shortfalls.map(\.description))
    }

    private func peer(
        _ peer: Peer, sent: Counters.Entry, received: Counters.Entry, now: UInt64
    ) -> TunnelReport.Peer {
        // A data thread may have read its clock after us.
        let age = received.lastDelivered == 0 ? nil : (max(now, received.lastDelivered) - received.lastDelivered) / 1000
        return TunnelReport.Peer(
            name: peer.name, endpoint: "\(peer.endpoint)", allowedIPs: peer.allowed.map(\.description),
            lastReceivedSecondsAgo: age, received: transfer(received), sent: transfer(sent))
    }

    private func transfer(_ entry: Counters.Entry) -> TunnelReport.Transfer {
        TunnelReport.Transfer(packets: entry.delivered, octets: entry.deliveredOctets, drops: named(entry.drops))
    }

    private func direction(_ snapshot: Counters.Snapshot) -> TunnelReport.Direction {
        TunnelReport.Direction(
            received: snapshot.received, delivered: snapshot.delivered, dropped: snapshot.dropped,
            drops: named(snapshot.interface.drops), icmpErrors: snapshot.errors,
            lastICMPError: ICMPError(encoded: snapshot.lastError)?.description)
    }

    private func named(_ drops: [Drop: UInt64]) -> [String: UInt64] {
        Dictionary(uniqueKeysWithValues: drops.map { ($0.key.name, $0.value) })
    }
}
