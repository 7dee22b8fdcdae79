// SPDX-License-Identifier: Apache-2.0

internal import Configuration
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
    let underlay: Underlay?
    let table: PeerTable
    let policy: TunnelPolicy
    let workers: Int
    let shortfalls: [Privileges.Shortfall]

    /// The two ends, for people.
    var ends: String {
        guard let underlay else { return "from anybody who is accepted" }
        return "\(underlay.local) to \(table.peers.map(\.whereabouts).joined(separator: ", "))"
    }

    /// What is known at one moment, milliseconds of ``Clock``.
    struct Moment {
        let encapsulated: Counters.Snapshot
        let decapsulated: Counters.Snapshot
        /// By place in the table, octets.
        let pathMTU: [Int]
        /// The device as it is now, `nil` when it is gone.
        let link: Link?
        /// An end of ours that is no address of this host any more.
        let missingEnd: IPv4Address?
        /// Packets that the raw socket had no room for.
        let socketOverflows: UInt64
        let now: UInt64
    }

    /// The report of a moment.
    func report(_ moment: Moment) -> TunnelReport {
        let peers = zip(table.indices, table.peers).map { report(of: $1, at: Int($0.rawValue), moment) }
        let link = moment.link
        return TunnelReport(
            name: name, state: problem(moment) == nil ? .up : .degraded, problem: problem(moment), pid: processID,
            namespace: namespace,
            uptimeSeconds: (moment.now - start) / 1000, mtu: link?.mtu ?? 0, underlayMTU: underlay?.mtu ?? 0,
            local: (underlay?.local ?? policy.local).map { "\($0)" } ?? "any", only: policy.only?.rawValue,
            workers: workers,
            acceptFrom: policy.acceptance.description, peers: peers, encapsulate: direction(moment.encapsulated),
            decapsulate: direction(moment.decapsulated),
            kernelLosses: TunnelReport.KernelLosses(socket: moment.socketOverflows, device: link?.sendDrops ?? 0),
            privilegeShortfalls: shortfalls.map(\.description))
    }

    /// Why packets cannot pass, in a sentence; `nil` when they can.
    private func problem(_ moment: Moment) -> String? {
        guard moment.link?.isUp == true else { return "the device is down: ip link set \(name) up" }
        return moment.missingEnd.map(Reporter.missing)
    }

    /// That an end of ours is gone.
    static func missing(_ end: IPv4Address) -> String { "\(end) is no address of this host any more" }

    private func report(of peer: Peer, at index: Int, _ moment: Moment) -> TunnelReport.Peer {
        let now = moment.now
        let (sent, received) = (moment.encapsulated.peers[index], moment.decapsulated.peers[index])
        // A data thread may have read its clock after us.
        let age = received.lastDelivered == 0 ? nil : (max(now, received.lastDelivered) - received.lastDelivered) / 1000
        return TunnelReport.Peer(
            name: peer.name, endpoint: peer.whereabouts, allowedIPs: peer.allowed.map(\.description),
            pathMTU: moment.pathMTU[index], icmpErrors: received.errors,
            lastICMPError: ICMPReport(encoded: received.lastError)?.description, lastReceivedSecondsAgo: age,
            received: transfer(received), sent: transfer(sent))
    }

    private func transfer(_ entry: Counters.Entry) -> TunnelReport.Transfer {
        TunnelReport.Transfer(packets: entry.delivered, octets: entry.deliveredOctets, drops: named(entry.drops))
    }

    private func direction(_ snapshot: Counters.Snapshot) -> TunnelReport.Direction {
        TunnelReport.Direction(
            received: snapshot.received, delivered: snapshot.delivered, dropped: snapshot.dropped,
            drops: named(snapshot.interface.drops), superpackets: snapshot[.superpackets],
            coalesced: snapshot[.coalesced],
            datagrams: snapshot[.datagrams], fragmented: snapshot[.fragmented], answers: snapshot[.answers],
            suppressedAnswers: snapshot[.suppressedAnswers], icmpErrors: snapshot.errors,
            strayICMPErrors: snapshot[.strayErrors],
            lastICMPError: ICMPReport(encoded: snapshot.lastError)?.description,
            unexpectedECN: snapshot[.unexpectedECN], dangerousECN: snapshot[.dangerousECN])
    }

    private func named(_ drops: [Drop: UInt64]) -> [String: UInt64] {
        Dictionary(uniqueKeysWithValues: drops.map { ($0.key.name, $0.value) })
    }
}
