// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// Turns what the data threads counted into lines for the log, few enough to be read.
struct Observer {
    private let device: String
    private var last: Reading?
    /// When each kind of line was last written, milliseconds.
    private var written: [String: UInt64] = [:]
    /// The path MTU that was last written about, by peer.
    private var writtenMTU: [Int: Int] = [:]

    /// What is looked at.
    struct Reading {
        let encapsulated: Counters.Snapshot
        let decapsulated: Counters.Snapshot
        /// By place, octets.
        let pathMTU: [Int]
        /// The peers' addresses by place.
        let endpoints: [IPv4Address?]
    }

    /// One line.
    struct Remark: Equatable {
        let isWarning: Bool
        let text: String
    }

    /// How long the same line is not repeated, milliseconds.
    static let interval: UInt64 = 60_000
    /// The same for what somebody probably is just looking for: a loop, or a path MTU that changes.
    static let shortInterval: UInt64 = 10_000

    init(device: String) { self.device = device }

    /// The peer at `place` is another one, or somewhere else.
    mutating func forget(_ place: Int) {
        writtenMTU[place] = nil
        written = written.filter { !$0.key.hasSuffix(" \(place)") }
    }

    /// What is new since the last call. `now` in milliseconds.
    mutating func remarks(_ reading: Reading, at now: UInt64) -> [Remark] {
        defer { last = reading }
        var remarks: [Remark] = []
        for (place, endpoint) in reading.endpoints.enumerated() {
            guard let endpoint else { continue }
            noteErrors(&remarks, reading, place, endpoint, at: now)
            notePathMTU(&remarks, reading.pathMTU[place], place, endpoint, at: now)
        }
        if hasMore(.loop, { $0.encapsulated }, reading) {
            append(
                &remarks, "loop", Observer.shortInterval, at: now,
                "our own outer packets come back out of \(device): the route to a peer leads into its own tunnel; "
                    + "'ip route get PEER' shows it")
        }
        noteECN(&remarks, reading, at: now)
        return remarks
    }

    private mutating func noteErrors(
        _ remarks: inout [Remark], _ reading: Reading, _ place: Int, _ peer: IPv4Address, at now: UInt64
    ) {
        let errors = reading.decapsulated.peers[place]
        let before = last.flatMap { place < $0.decapsulated.peers.count ? $0.decapsulated.peers[place].errors : nil }
        guard errors.errors > before ?? 0, let report = ICMPReport(encoded: errors.lastError) else { return }
        // By meaning: numbers are many, and anybody can send them all.
        let key = "icmp \(report.meaning) \(place)"
        append(&remarks, key, Observer.interval, at: now, "packets to \(peer): \(report.description)")
    }

    private mutating func noteECN(_ remarks: inout [Remark], _ reading: Reading, at now: UInt64) {
        if hasMore(.congestionUnsignalled, { $0.decapsulated }, reading) {
            append(
                &remarks, "congestion", Observer.interval, at: now,
                "packets are dropped that arrive marked as congested, though their senders cannot hear of it: somebody "
                    + "on the way marks what it must not (RFC 6040 section 4.2)")
        }
        if reading.decapsulated[.dangerousECN] > last?.decapsulated[.dangerousECN] ?? 0 {
            append(
                &remarks, "ecn", Observer.interval, at: now,
                "packets arrive with an outer ECN that their inner header does not have: an old tunnel entry, or a "
                    + "router that rewrites it (RFC 6040 section 4.2)")
        }
    }

    private mutating func notePathMTU(
        _ remarks: inout [Remark], _ mtu: Int, _ index: Int, _ peer: IPv4Address, at now: UInt64
    ) {
        guard let before = writtenMTU[index] else {
            writtenMTU[index] = mtu
            return
        }
        guard mtu != before else { return }
        let isSuspicious = mtu < PathMTU.suspicious
        let doubt = isSuspicious ? "; so little is a broken path or a forged ICMP error" : ""
        let text = "path MTU to \(peer): \(mtu), so \(mtu - OuterHeader.length) inside\(doubt)"
        if append(&remarks, "mtu \(index)", Observer.shortInterval, at: now, text, isWarning: isSuspicious) {
            writtenMTU[index] = mtu
        }
    }

    @discardableResult
    private mutating func append(
        _ remarks: inout [Remark], _ key: String, _ interval: UInt64, at now: UInt64, _ text: String,
        isWarning: Bool = true
    ) -> Bool {
        if let before = written[key], now < before + interval { return false }
        written[key] = now
        remarks.append(Remark(isWarning: isWarning, text: text))
        return true
    }

    private func hasMore(_ drop: Drop, _ direction: (Reading) -> Counters.Snapshot, _ reading: Reading) -> Bool {
        count(drop, direction(reading)) > last.map { count(drop, direction($0)) } ?? 0
    }

    private func count(_ drop: Drop, _ snapshot: Counters.Snapshot) -> UInt64 {
        snapshot.peers.reduce(snapshot.interface.drops[drop] ?? 0) { $0 + ($1.drops[drop] ?? 0) }
    }
}
