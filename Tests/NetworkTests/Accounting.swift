// SPDX-License-Identifier: Apache-2.0

import Testing

extension Tunnel {
    /// Expects that every packet was either delivered or dropped under a name, as soon as all is quiet.
    func expectEveryPacketAccountedFor(_ location: SourceLocation = #_sourceLocation) throws {
        var last: [Report.Direction] = []
        var report = try report()
        // Two reports in a row that say the same: nothing moves.
        try eventually("all is quiet") {
            let before = last
            report = try self.report()
            last = [report.encapsulate, report.decapsulate]
            return before.map(\.received) == last.map(\.received) && before.map(\.total) == last.map(\.total)
        }
        for direction in last {
            #expect(direction.received == direction.total, "\(report)", sourceLocation: location)
        }
        let (sent, received) = (report.peers.map(\.sent.drops), report.peers.map(\.received.drops))
        #expect(named(sent, report.encapsulate) == report.encapsulate.dropped, sourceLocation: location)
        #expect(named(received, report.decapsulate) == report.decapsulate.dropped, sourceLocation: location)
    }

    /// Drops that have a name, of peers' packets and of others.
    private func named(_ peers: [[String: Int]], _ direction: Report.Direction) -> Int {
        (peers + [direction.drops]).reduce(0) { $0 + $1.values.reduce(0, +) }
    }
}

extension Report.Direction {
    fileprivate var total: Int { delivered + dropped }
}

extension Report {
    /// Drops at the encapsulating side, of all peers and of packets without one.
    var encapsulateDrops: [String: Int] {
        peers.reduce(encapsulate.drops) { $0.merging($1.sent.drops, uniquingKeysWith: +) }
    }

    /// The same at the decapsulating side.
    var decapsulateDrops: [String: Int] {
        peers.reduce(decapsulate.drops) { $0.merging($1.received.drops, uniquingKeysWith: +) }
    }
}
