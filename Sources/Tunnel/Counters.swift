// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What became of the packets of one direction, for the interface and for each peer.
///
/// One thread writes, through its ``Writer``; anybody may take a ``snapshot()``.
public struct Counters: ~Copyable, Sendable {
    private let cells: AtomicCells
    private let peerCount: Int

    /// Counters at zero for that many peers: more than there are leaves room for those that come later.
    public init(peerCount: Int) {
        self.peerCount = peerCount
        cells = AtomicCells(count: (peerCount + 1) * Counters.stride)
    }

    /// What is counted, beside drops: what was delivered, and errors, for each peer too; the rest for the interface only.
    public enum Tally: Int, CaseIterable, Sendable {
        /// Packets that the source gave us.
        case received
        /// Packets that the sink took.
        case delivered
        /// Inner octets of these.
        case deliveredOctets
        /// When the last one was delivered, milliseconds of the caller's clock.
        case lastDelivered
        /// ICMP errors about our outer packets; for the interface and for the peer.
        case errors
        /// The last of them, as the caller encodes it; for the interface and for the peer.
        case lastError
        /// ICMP errors about outer packets that are not ours.
        case strayErrors
        /// Packets that stand for several: cut on the way out, merged by the kernel on the way in.
        case superpackets
        /// Superpackets that we made ourselves, of packets that belong together.
        case coalesced
        /// Outer packets that were sent: segments and fragments each count.
        case datagrams
        /// Packets that were cut into fragments, inner or outer.
        case fragmented
        /// ICMP errors that we sent to the senders of inner packets.
        case answers
        /// ICMP errors that we did not send, because there had been enough.
        case suppressedAnswers
        /// Packets with an ECN that nobody should have made (``PacketSlot/Remark``).
        case unexpectedECN
        /// Packets with an ECN that looks like an attack or a broken tunnel entry.
        case dangerousECN
        /// The address of the last stranger whose packet was dropped.
        case lastStranger
    }

    /// Cells of the interface, or of one peer.
    static let stride = Tally.allCases.count + Drop.allCases.count

    /// Where a cell stands: the interface's block comes first, then a block per peer.
    static func cell(_ tally: Tally, of peer: PeerIndex?) -> Int { block(of: peer) + tally.rawValue }
    static func cell(_ drop: Drop, of peer: PeerIndex?) -> Int {
        block(of: peer) + Tally.allCases.count + Int(drop.rawValue)
    }
    private static func block(of peer: PeerIndex?) -> Int {
        guard let peer else { return 0 }
        return (Int(peer.rawValue) + 1) * stride
    }

    /// The one place that may count. Its thread must end before the counters do.
    public var writer: Writer { Writer(cells: cells.reference) }

    /// Reads all counters. Each is exact; together they are only while nothing moves.
    ///
    /// Of `slots` peers at most as many as there are counters for; `nil` for all. Room to spare is not even looked at. What
    /// was counted for a peer that has gone is still part of the sum, so its place has to be asked for, too.
    public func snapshot(slots: Int? = nil) -> Snapshot {
        precondition(slots ?? 0 <= peerCount, "no counters for so many peers")
        let cells = cells.reference
        var tallies: [Tally: UInt64] = [:]
        for tally in Tally.allCases { tallies[tally] = cells.load(Counters.cell(tally, of: nil)) }
        return Snapshot(
            tallies: tallies, interface: entry(of: nil),
            peers: (0..<(slots ?? peerCount)).map { entry(of: PeerIndex(rawValue: UInt32($0))) })
    }

    /// When the last packet of `peer` was delivered, milliseconds of the caller's clock; 0 for never.
    public func lastDelivered(of peer: PeerIndex) -> UInt64 {
        precondition(peer.rawValue < peerCount, "no counters for this peer")
        return cells.reference.load(Counters.cell(.lastDelivered, of: peer))
    }

    private func entry(of peer: PeerIndex?) -> Entry {
        let cells = cells.reference
        func read(_ tally: Tally) -> UInt64 { cells.load(Counters.cell(tally, of: peer)) }
        var drops: [Drop: UInt64] = [:]
        for drop in Drop.allCases {
            let count = cells.load(Counters.cell(drop, of: peer))
            if count > 0 { drops[drop] = count }
        }
        return Entry(
            delivered: read(.delivered), deliveredOctets: read(.deliveredOctets), lastDelivered: read(.lastDelivered),
            errors: read(.errors), lastError: read(.lastError), drops: drops)
    }
}

extension Counters {
    /// Counts, on the one thread that may.
    public struct Writer: Sendable {
        fileprivate let cells: AtomicCells.Reference

        /// The source gave `packets` packets.
        public func received(_ packets: Int) { count(.received, packets) }

        /// Something happened `times` times that is counted for the interface only.
        public func count(_ tally: Tally, _ times: Int = 1) {
            cells.add(UInt64(times), to: Counters.cell(tally, of: nil))
        }

        /// An ICMP error about an outer packet to `peer` arrived, which the caller encodes as `last`.
        public func error(_ last: UInt64, peer: PeerIndex) {
            error(last, block: nil)
            error(last, block: peer)
        }

        private func error(_ last: UInt64, block: PeerIndex?) {
            cells.add(1, to: Counters.cell(.errors, of: block))
            cells.store(last, to: Counters.cell(.lastError, of: block))
        }

        /// The sink took a packet of `octets` inner octets.
        public func delivered(octets: Int, peer: PeerIndex?, at milliseconds: UInt64) {
            cells.add(1, to: Counters.cell(.delivered, of: peer))
            cells.add(UInt64(octets), to: Counters.cell(.deliveredOctets, of: peer))
            cells.store(milliseconds, to: Counters.cell(.lastDelivered, of: peer))
        }

        /// The packet that was just dropped as ``Drop/notPeer`` said that it came from `address`.
        public func stranger(_ address: IPv4Address) {
            cells.store(UInt64(address.rawValue), to: Counters.cell(.lastStranger, of: nil))
        }

        /// A packet was dropped; `peer` is `nil` when it belonged to none.
        public func dropped(_ drop: Drop, peer: PeerIndex?) { cells.add(1, to: Counters.cell(drop, of: peer)) }
    }
}
