// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What was learned about the way to each peer: the soft state of RFC 2003 §5.
///
/// Whoever watches the routing table says how long a packet the way may begin with; the thread that reads ICMP errors notes
/// what routers say; the thread that encapsulates asks. All of it is forgotten in time.
public struct Paths: ~Copyable, Sendable {
    private let cells: AtomicCells

    /// Ways to that many peers, each taking the longest packet there is.
    public init(peerCount: Int) { cells = AtomicCells(count: peerCount * Paths.stride) }

    /// For the threads. They must end before the paths do.
    public var view: View { View(cells: cells.reference) }

    /// Numbers per peer.
    fileprivate static let stride = 3

    /// The soft state, as seen from a thread.
    public struct View: Sendable {
        fileprivate let cells: AtomicCells.Reference

        private enum Fact: Int {
            /// What the first link takes, octets; 0 while nobody said.
            case underlayMTU
            /// What a router claimed: octets in the upper 16 bits, until when in the lower 48.
            case learnedMTU
            /// Errors that nobody was told about: how many in the upper 16 bits, until when in the lower 48.
            case trouble
        }

        private func cell(_ fact: Fact, _ peer: PeerIndex) -> Int {
            Int(peer.rawValue) * Paths.stride + fact.rawValue
        }
    }
}

private let momentBits: UInt64 = 48
private let momentMask: UInt64 = 1 << momentBits - 1

/// The path MTU, and the end of all that is known.
extension Paths.View {
    /// The longest outer packet on the way to `peer`, octets, at `now`, milliseconds.
    public func mtu(to peer: PeerIndex, at now: UInt64) -> Int {
        let underlay = cells.load(cell(.underlayMTU, peer))
        let first = underlay == 0 ? IPv4Packet.maximumLength : Int(underlay)
        let learned = cells.load(cell(.learnedMTU, peer))
        guard learned != 0, learned & momentMask > now else { return first }
        return min(first, Int(learned >> momentBits))
    }

    /// The first link on the way to `peer` takes `octets`, of which no IPv4 packet has more than 65,535.
    public func setUnderlayMTU(_ octets: Int, to peer: PeerIndex) {
        cells.store(UInt64(min(octets, IPv4Packet.maximumLength)), to: cell(.underlayMTU, peer))
    }

    /// Forgets everything about the way to `peer`, which is another peer now, or lives elsewhere.
    ///
    /// Any thread may, whatever the others do. One that still has the rules from before may note something of the old way
    /// once more: that ages, as anything that is learned.
    public func forget(_ peer: PeerIndex) {
        for fact in [Fact.underlayMTU, .learnedMTU, .trouble] { cells.store(0, to: cell(fact, peer)) }
    }

    /// Believes that packets to `peer` may have `octets` at most, for ``PathMTU/lifetime``.
    func learn(_ octets: Int, to peer: PeerIndex, at now: UInt64) {
        let until = (now + PathMTU.lifetime) & momentMask
        cells.store(UInt64(octets) << momentBits | until, to: cell(.learnedMTU, peer))
    }
}

/// Errors whose quote is too short to tell whom they concern.
extension Paths.View {
    /// How long somebody who sends may still be told, milliseconds (Linux, `IPTUNNEL_ERR_TIMEO`).
    static let troubleLifetime: UInt64 = 30_000

    /// Somebody's packet to `peer` did not arrive.
    func noteTrouble(to peer: PeerIndex, at now: UInt64) {
        let place = cell(.trouble, peer)
        // The other thread takes one away now and then; once more is enough.
        for _ in 0..<2 {
            let old = cells.load(place)
            let count = old & momentMask > now ? min(old >> momentBits + 1, 0xffff) : 1
            let new = count << momentBits | (now + Paths.View.troubleLifetime) & momentMask
            if cells.exchange(old, for: new, in: place) { return }
        }
    }

    /// Whether the sender of this packet to `peer` is to be told that one did not arrive: one for each.
    func takeTrouble(to peer: PeerIndex, at now: UInt64) -> Bool {
        let place = cell(.trouble, peer)
        let old = cells.load(place)
        guard old != 0 else { return false }
        guard old & momentMask > now, old >> momentBits > 0 else {
            _ = cells.exchange(old, for: 0, in: place)
            return false
        }
        let left = old >> momentBits - 1
        return cells.exchange(old, for: left == 0 ? 0 : left << momentBits | old & momentMask, in: place)
    }
}
