// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
public import Wire

/// What became of the packets of one direction, for the interface and for each peer.
///
/// One thread writes, through its ``Writer``; anybody may take a ``snapshot()``. The writer needs no atomic addition: with
/// nobody else writing, a relaxed load and a relaxed store do the same at a twentieth of the price.
@safe public struct Counters: ~Copyable, @unchecked Sendable {
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let peerCount: Int

    /// Counters at zero for that many peers.
    public init(peerCount: Int) {
        self.peerCount = peerCount
        let count = (peerCount + 1) * Counters.stride
        unsafe cells = .allocate(capacity: count)
        for index in 0..<count {
            // SAFETY: index < count, which is what was allocated.
            unsafe (cells + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        // SAFETY: allocated in `init`; whoever owns the counters joins the writing thread first.
        unsafe cells.deinitialize(count: (peerCount + 1) * Counters.stride)
        unsafe cells.deallocate()
    }

    /// What is counted, beside drops.
    enum Tally: Int, CaseIterable {
        /// Packets that the source gave us; for the interface only.
        case received
        /// Packets that the sink took.
        case delivered
        /// Inner octets of these.
        case deliveredOctets
        /// When the last one was delivered, milliseconds of the caller's clock.
        case lastDelivered
        /// ICMP errors about our outer packets; for the interface only.
        case errors
        /// The last of them, as the caller encodes it.
        case lastError
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
    public var writer: Writer { unsafe Writer(cells: cells, count: (peerCount + 1) * Counters.stride) }

    /// Reads all counters. Each is exact; together they are only while nothing moves.
    public func snapshot() -> Snapshot {
        Snapshot(
            received: read(Counters.cell(.received, of: nil)), errors: read(Counters.cell(.errors, of: nil)),
            lastError: read(Counters.cell(.lastError, of: nil)),
            interface: entry(of: nil), peers: (0..<peerCount).map { entry(of: PeerIndex(rawValue: UInt32($0))) })
    }

    private func entry(of peer: PeerIndex?) -> Entry {
        var drops: [Drop: UInt64] = [:]
        for drop in Drop.allCases {
            let count = read(Counters.cell(drop, of: peer))
            if count > 0 { drops[drop] = count }
        }
        return Entry(
            delivered: read(Counters.cell(.delivered, of: peer)),
            deliveredOctets: read(Counters.cell(.deliveredOctets, of: peer)),
            lastDelivered: read(Counters.cell(.lastDelivered, of: peer)), drops: drops)
    }

    private func read(_ cell: Int) -> UInt64 {
        // SAFETY: cells of the interface and of peers below `peerCount` only.
        unsafe cells[cell].load(ordering: .relaxed)
    }
}

extension Counters {
    /// Counts, on the one thread that may.
    @safe public struct Writer: @unchecked Sendable {
        private let cells: UnsafeMutablePointer<Atomic<UInt64>>
        private let count: Int

        @unsafe init(cells: UnsafeMutablePointer<Atomic<UInt64>>, count: Int) {
            unsafe self.cells = unsafe cells
            self.count = count
        }

        /// The source gave `packets` packets.
        public func received(_ packets: Int) { add(UInt64(packets), to: Counters.cell(.received, of: nil)) }

        /// `count` ICMP errors about our own outer packets arrived, the last of which the caller encodes as `last`.
        public func errors(_ count: Int, last: UInt64) {
            add(UInt64(count), to: Counters.cell(.errors, of: nil))
            store(last, to: Counters.cell(.lastError, of: nil))
        }

        /// The sink took a packet of `octets` inner octets.
        public func delivered(octets: Int, peer: PeerIndex?, at milliseconds: UInt64) {
            add(1, to: Counters.cell(.delivered, of: peer))
            add(UInt64(octets), to: Counters.cell(.deliveredOctets, of: peer))
            store(milliseconds, to: Counters.cell(.lastDelivered, of: peer))
        }

        /// A packet was dropped; `peer` is `nil` when it belonged to none.
        public func dropped(_ drop: Drop, peer: PeerIndex?) { add(1, to: Counters.cell(drop, of: peer)) }

        private func add(_ value: UInt64, to cell: Int) {
            precondition(cell < count)
            // SAFETY: checked above.
            let old = unsafe cells[cell].load(ordering: .relaxed)
            unsafe cells[cell].store(old &+ value, ordering: .relaxed)
        }

        private func store(_ value: UInt64, to cell: Int) {
            precondition(cell < count)
            // SAFETY: checked above.
            unsafe cells[cell].store(value, ordering: .relaxed)
        }
    }
}
