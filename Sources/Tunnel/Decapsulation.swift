// SPDX-License-Identifier: Apache-2.0

public import Wire

/// The rules of the decapsulating side: what becomes of a protocol 4 packet that arrived. Closed by default.
public struct Decapsulation: Sendable {
    private let table: PeerTable
    private let segmentLength: Int

    /// The rules for these peers, in front of a device with this MTU, octets.
    public init(table: PeerTable, mtu: Int) {
        self.table = table
        segmentLength = min(mtu, Decapsulation.safeLength)
    }

    /// What fits through a tunnel over Ethernet, and so most probably wherever the packet goes next.
    private static let safeLength = 1_480

    /// Reduces the outer packet in `slot` to the inner one, if its sender may send it.
    ///
    /// The inner TTL stays as it is: the kernel decrements it when it forwards the packet (RFC 2003 §3.1).
    /// - Throws: the reason to drop it; `slot.peer` is set when the peer was known by then.
    public func apply(to slot: inout PacketSlot) throws(Drop) {
        let outer = try OuterPacket(slot.bytes)
        let peer = try peer(of: outer)
        slot.peer = peer
        guard !outer.isFragment else { throw .outerFragment }
        slot.strip(to: outer.payload)
        let inner = try InnerPacket(slot.bytes, from: .peer)
        slot.strip(to: 0..<inner.totalLength)
        try check(inner, from: peer, in: outer)
        try combineECN(of: inner, under: outer, in: &slot)
        noteUnfinished(in: &slot)
    }

    /// The peer that sent the outer packet.
    /// - Throws: ``Drop/notPeer``, ``Drop/notLocal``.
    func peer(of outer: OuterPacket) throws(Drop) -> PeerIndex {
        guard let peer = table.peer(at: outer.source) else { throw .notPeer }
        let endpoint = table.endpoint(of: peer)
        guard endpoint.acceptance == .anyAddress || outer.destination == endpoint.local else { throw .notLocal }
        return peer
    }

    /// Whether `peer` may send this packet: its inner source must be one of the peer's own.
    /// - Throws: ``Drop/martian``, ``Drop/innerSource``, ``Drop/nested``.
    func check(_ inner: InnerPacket, from peer: PeerIndex, in outer: OuterPacket) throws(Drop) {
        let (source, destination) = (inner.source, inner.destination)
        guard source.isUnicast, !destination.isThisNetwork, !destination.isLoopback else { throw .martian }
        guard source != outer.destination else { throw .martian }
        guard table.peer(owning: source) == peer else { throw .innerSource }
        guard inner.protocolNumber == .ipip else { return }
        if destination == outer.destination || source == outer.source { throw .nested }
    }

    /// Tells the kernel, by way of the sink, what it left undone when it merged segments on reception.
    ///
    /// The segment size they had is lost; any that fits is right for TCP. Finishing a checksum that nobody left undone
    /// would repair a corrupted packet, so that nothing is claimed of any other packet.
    private func noteUnfinished(in slot: inout PacketSlot) {
        guard let unfinished = UnfinishedTransport(slot.bytes) else { return }
        slot.checksum = unfinished.checksum
        if unfinished.carried == .tcp, slot.length > segmentLength, unfinished.headerLength < segmentLength {
            slot.segmentSize = segmentLength - unfinished.headerLength
        }
    }

    /// Hands on to the inner packet what routers said about congestion (RFC 6040 §4.2).
    /// - Throws: ``Drop/congestionUnsignalled``.
    private func combineECN(of inner: InnerPacket, under outer: OuterPacket, in slot: inout PacketSlot) throws(Drop) {
        let old = ECN(trafficClass: inner.trafficClass)
        guard let new = old.decapsulated(under: outer.ecn) else { throw .congestionUnsignalled }
        guard new != old else { return }
        var bytes = slot.mutableBytes
        bytes.rewriteECN(new)
    }
}
