// SPDX-License-Identifier: Apache-2.0

extension Counters {
    /// The counters of one direction at one moment.
    public struct Snapshot: Equatable, Sendable {
        /// What was counted for the interface as a whole.
        public let tallies: [Tally: UInt64]
        /// Packets that belonged to no peer.
        public let interface: Entry
        /// Packets by peer, in the order of the table.
        public let peers: [Entry]

        /// Packets that the source gave us.
        public var received: UInt64 { self[.received] }
        /// ICMP errors about our outer packets.
        public var errors: UInt64 { self[.errors] }
        /// The last of them, as the writer encoded it; 0 for none.
        public var lastError: UInt64 { self[.lastError] }
        /// One of the tallies; 0 when nothing was counted.
        public subscript(tally: Tally) -> UInt64 { tallies[tally] ?? 0 }

        /// Packets that the sink took.
        public var delivered: UInt64 { peers.reduce(interface.delivered) { $0 + $1.delivered } }
        /// Packets that were dropped, for whatever reason. When all is quiet, received = delivered + dropped.
        public var dropped: UInt64 { peers.reduce(interface.dropped) { $0 + $1.dropped } }
    }

    /// What was counted for one peer, or for packets without one.
    public struct Entry: Equatable, Sendable {
        /// Packets that the sink took.
        public let delivered: UInt64
        /// Their inner octets.
        public let deliveredOctets: UInt64
        /// When the last one was delivered, milliseconds of the writer's clock; 0 for never.
        public let lastDelivered: UInt64
        /// ICMP errors about outer packets to this peer.
        public let errors: UInt64
        /// The last of them, as the writer encoded it; 0 for none.
        public let lastError: UInt64
        /// Packets dropped, by reason; reasons that never occurred are left out.
        public let drops: [Drop: UInt64]

        /// Packets dropped for whatever reason.
        public var dropped: UInt64 { drops.values.reduce(0, +) }
    }
}

extension Counters.Snapshot {
    /// What several writers counted together, for the same peers.
    public init(adding snapshots: [Counters.Snapshot]) {
        var tallies: [Counters.Tally: UInt64] = [:]
        for tally in Counters.Tally.allCases {
            tallies[tally] = snapshots.reduce(0) { tally.combined($0, $1[tally]) }
        }
        self.tallies = tallies
        interface = Counters.Entry(adding: snapshots.map(\.interface))
        peers = (snapshots.first?.peers ?? []).indices.map { peer in
            Counters.Entry(adding: snapshots.map { $0.peers[peer] })
        }
    }
}

extension Counters.Entry {
    fileprivate init(adding entries: [Counters.Entry]) {
        func total(_ tally: Counters.Tally, _ value: (Counters.Entry) -> UInt64) -> UInt64 {
            entries.reduce(0) { tally.combined($0, value($1)) }
        }
        delivered = total(.delivered) { $0.delivered }
        deliveredOctets = total(.deliveredOctets) { $0.deliveredOctets }
        lastDelivered = total(.lastDelivered) { $0.lastDelivered }
        errors = total(.errors) { $0.errors }
        lastError = total(.lastError) { $0.lastError }
        drops = entries.reduce(into: [:]) { $0.merge($1.drops, uniquingKeysWith: &+) }
    }
}

extension Counters.Tally {
    /// A tally of two writers: amounts are added; of moments the later counts; ICMP errors have one reader only, and of
    /// two strangers either will do.
    fileprivate func combined(_ one: UInt64, _ other: UInt64) -> UInt64 {
        switch self {
        case .lastDelivered, .lastError, .lastStranger: max(one, other)
        default: one + other
        }
    }
}
