// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Tunnel
internal import Wire

/// Turns what the data threads counted into lines for the log, few enough to be read.
struct Observer {
    private let device: String
    private var last: Reading?
    /// The path MTU that was last written about, by peer.
    private var writtenMTU: [Int: Int] = [:]
    private var drops = DropObserver()

    /// What is looked at.
    struct Reading {
        let encapsulated: Counters.Snapshot
        let decapsulated: Counters.Snapshot
        /// By place, octets.
        let pathMTU: [Int]
        let roster: Roster
    }

    init(device: String) { self.device = device }

    /// The peer at `place` is another one, or somewhere else.
    mutating func forget(_ place: Int) {
        writtenMTU[place] = nil
        drops.forget(place, last)
    }

    /// What is new since the last call, as far as there is room for it. `now` in milliseconds.
    mutating func lines(_ reading: Reading, within limit: inout LineLimit, at now: UInt64) -> [LogLine] {
        defer { last = reading }
        var lines: [LogLine] = []
        for place in changedPlaces(reading) {
            if let line = error(reading, place), limit.judge(line.key, at: now) == .write { lines.append(line) }
            if let line = pathMTU(reading, place), limit.judge(line.key, at: now) == .write {
                writtenMTU[place] = reading.pathMTU[place]
                lines.append(line)
            }
        }
        for line in [loop(reading), congestion(reading), ecn(reading)].compactMap(\.self)
        where limit.judge(line.key, at: now) == .write { lines.append(line) }
        return lines + drops.lines(reading, within: &limit, at: now)
    }

    /// Peers with an address of which something is new. Whose an address is takes long to find out, so who has nothing new
    /// is not asked about.
    private func changedPlaces(_ reading: Reading) -> [Int] {
        let changed = reading.roster.members.indices.filter { place in
            reading.roster.members[place]?.address != nil
                && (writtenMTU[place] != reading.pathMTU[place] || hasNewErrors(reading, place))
        }
        if changed.isEmpty { return [] }
        let endpoints = reading.roster.endpoints()
        return changed.filter { endpoints[$0] != nil }
    }

    private func hasNewErrors(_ reading: Reading, _ place: Int) -> Bool {
        guard let last, place < last.decapsulated.peers.count else {
            return reading.decapsulated.peers[place].errors > 0
        }
        return reading.decapsulated.peers[place].errors > last.decapsulated.peers[place].errors
    }

    private func error(_ reading: Reading, _ place: Int) -> LogLine? {
        let errors = reading.decapsulated.peers[place]
        guard hasNewErrors(reading, place), let report = ICMPReport(encoded: errors.lastError) else { return nil }
        let fields: Logger.Metadata = ["icmp": "\(report.type)/\(report.code)", "from": "\(report.offender)"]
        return LogLine(
            topic: .error, level: .warning, text: "packets to a peer draw an ICMP error: \(report.explanation)",
            fields: reading.roster.fields(of: place).merging(fields) { $1 },
            // By meaning: numbers are many, and anybody can send them all.
            about: report.meaning, place: place)
    }

    private mutating func pathMTU(_ reading: Reading, _ place: Int) -> LogLine? {
        let mtu = reading.pathMTU[place]
        guard let before = writtenMTU[place] else {
            writtenMTU[place] = mtu
            return nil
        }
        guard mtu != before else { return nil }
        let isSuspicious = mtu < PathMTU.suspicious
        let doubt = isSuspicious ? "; so little is a broken path or a forged ICMP error" : ""
        return LogLine(
            topic: .pathMTU, level: isSuspicious ? .warning : .info,
            text: "the path MTU to a peer is \(mtu) now, so \(mtu - OuterHeader.length) inside\(doubt)",
            fields: reading.roster.fields(of: place), place: place)
    }

    private func loop(_ reading: Reading) -> LogLine? {
        guard hasMore(.loop, { $0.encapsulated }, reading) else { return nil }
        return LogLine(
            topic: .loop, level: .warning,
            text:
                "our own outer packets come back out of the device: the route to a peer leads into its own tunnel, or through "
                + "others back to it; 'iptund doctor' shows it",
            fields: ["device": "\(device)", "drop": "\(Drop.loop.name)"])
    }

    private func congestion(_ reading: Reading) -> LogLine? {
        guard hasMore(.congestionUnsignalled, { $0.decapsulated }, reading) else { return nil }
        return LogLine(
            topic: .ecn, level: .warning,
            text:
                "packets are dropped that arrive marked as congested, though their senders cannot hear of it: somebody on "
                + "the way marks what it must not (RFC 6040 section 4.2)",
            fields: ["drop": "\(Drop.congestionUnsignalled.name)"], about: "congestion")
    }

    private func ecn(_ reading: Reading) -> LogLine? {
        guard reading.decapsulated[.dangerousECN] > last?.decapsulated[.dangerousECN] ?? 0 else { return nil }
        return LogLine(
            topic: .ecn, level: .warning,
            text:
                "packets arrive with an outer ECN that their inner header does not have: an old tunnel entry, or a router "
                + "that rewrites it (RFC 6040 section 4.2)")
    }

    private func hasMore(_ drop: Drop, _ direction: (Reading) -> Counters.Snapshot, _ reading: Reading) -> Bool {
        count(drop, direction(reading)) > last.map { count(drop, direction($0)) } ?? 0
    }

    private func count(_ drop: Drop, _ snapshot: Counters.Snapshot) -> UInt64 {
        snapshot.peers.reduce(snapshot.interface.drops[drop] ?? 0) { $0 + ($1.drops[drop] ?? 0) }
    }
}

extension Roster {
    /// Who the peer at `place` is, for the log: as people call it, and where it is, if that says something else.
    func fields(of place: Int) -> Logger.Metadata {
        guard place < members.count, let member = members[place] else { return [:] }
        var fields: Logger.Metadata = ["peer": "\(member.label)"]
        if let address = member.address, "\(address)" != member.label { fields["address"] = "\(address)" }
        return fields
    }
}
