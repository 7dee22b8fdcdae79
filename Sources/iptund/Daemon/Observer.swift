// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// Turns what the data threads counted into lines for the log, few enough to be read.
struct Observer {
    private let table: PeerTable
    private let device: String
    private var last: Reading?
    /// When each kind of line was last written, milliseconds.
    private var written: [String: UInt64] = [:]

    /// What is looked at.
    struct Reading {
        let encapsulated: Counters.Snapshot
        let decapsulated: Counters.Snapshot
        /// By peer, octets.
        let pathMTU: [Int]
    }

    /// One line.
    struct Remark: Equatable {
        let isWarning: Bool
        let text: String
    }

    /// How long the same line is not repeated, milliseconds.
    static let interval: UInt64 = 60_000
    /// The same for a loop, which somebody probably is just looking for.
    static let loopInterval: UInt64 = 10_000

    init(_ table: PeerTable, device: String) {
        self.table = table
        self.device = device
    }

    /// What is new since the last call. `now` in milliseconds.
    mutating func remarks(_ reading: Reading, at now: UInt64) -> [Remark] {
        defer { last = reading }
        var remarks: [Remark] = []
        for (index, peer) in table.peers.enumerated() {
            let errors = reading.decapsulated.peers[index]
            if errors.errors > last?.decapsulated.peers[index].errors ?? 0,
                let report = ICMPReport(encoded: errors.lastError)
            {
                let key = "icmp \(peer.endpoint) \(report.type)/\(report.code)"
                append(&remarks, key, Observer.interval, at: now, "packets to \(peer.endpoint): \(report.description)")
            }
            remarks += pathMTU(reading.pathMTU[index], before: last?.pathMTU[index], to: peer.endpoint)
        }
        if count(.loop, reading.encapsulated) > last.map({ count(.loop, $0.encapsulated) }) ?? 0 {
            append(
                &remarks, "loop", Observer.loopInterval, at: now,
                "our own outer packets come back out of \(device): the route to a peer leads into its own tunnel; "
                    + "'ip route get PEER' shows it")
        }
        if reading.decapsulated[.dangerousECN] > last?.decapsulated[.dangerousECN] ?? 0 {
            append(
                &remarks, "ecn", Observer.interval, at: now,
                "packets arrive with an outer ECN that their inner header does not have: an old tunnel entry, or a "
                    + "router that rewrites it (RFC 6040 section 4.2)")
        }
        return remarks
    }

    private func pathMTU(_ mtu: Int, before: Int?, to peer: IPv4Address) -> [Remark] {
        guard let before, mtu != before else { return [] }
        let inner = mtu - OuterHeader.length
        guard mtu < PathMTU.suspicious else {
            return [Remark(isWarning: false, text: "path MTU to \(peer): \(mtu), so \(inner) inside")]
        }
        return [
            Remark(
                isWarning: true,
                text:
                    "path MTU to \(peer): \(mtu), so \(inner) inside; so little is a broken path or a forged ICMP error"
            )
        ]
    }

    private mutating func append(
        _ remarks: inout [Remark], _ key: String, _ interval: UInt64, at now: UInt64, _ text: String
    ) {
        if let before = written[key], now < before + interval { return }
        written[key] = now
        remarks.append(Remark(isWarning: true, text: text))
    }

    private func count(_ drop: Drop, _ snapshot: Counters.Snapshot) -> UInt64 {
        snapshot.peers.reduce(snapshot.interface.drops[drop] ?? 0) { $0 + ($1.drops[drop] ?? 0) }
    }
}
