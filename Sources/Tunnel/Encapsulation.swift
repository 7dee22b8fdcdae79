// SPDX-License-Identifier: Apache-2.0

public import Wire

/// The rules of the encapsulating side: what becomes of a packet that was routed into the device.
public struct Encapsulation: Sendable {
    private let table: PeerTable
    private let ttl: TTLPolicy

    /// Which TTL the outer header gets (RFC 2003 §3.1).
    public enum TTLPolicy: Equatable, Sendable {
        /// Always this one: the tunnel is one hop, however long the way.
        case fixed(TTL)
        /// The inner packet's: loops die sooner, and the way becomes visible.
        case inherit
    }

    /// The rules for these peers.
    public init(table: PeerTable, ttl: TTLPolicy) {
        self.table = table
        self.ttl = ttl
    }

    /// Finds the peer for the packet in `slot` and decides on its outer header; the sink renders it.
    ///
    /// What follows the packet in the buffer is cut off. The packet itself is not changed: its TTL was decremented when
    /// it was routed into the device, if it was forwarded at all (RFC 2003 §3.1).
    /// - Throws: the reason to drop it; `slot.peer` is set when the peer was known by then.
    public func apply(to slot: inout PacketSlot) throws(Drop) {
        let inner = try InnerPacket(slot.bytes, from: .host)
        slot.strip(to: 0..<inner.totalLength)
        try finishChecksum(of: &slot)
        let peer = try peer(for: inner)
        slot.peer = peer
        slot.outer = try outer(for: inner, to: peer)
    }

    /// The peer whose AllowedIPs hold the inner destination.
    /// - Throws: ``Drop/noPeer``.
    func peer(for inner: InnerPacket) throws(Drop) -> PeerIndex {
        guard let peer = table.peer(owning: inner.destination) else { throw .noPeer }
        return peer
    }

    /// The outer header for `inner` on its way to `peer`.
    ///
    /// The traffic class is the inner one: DSCP as RFC 2003 §3.1 has it, ECN by the normal mode of RFC 6040 §4.1. DF is
    /// always set, so that the tunnel's MTU is the only place where packets are cut (RFC 2003 §5.1).
    /// - Throws: ``Drop/loop``, ``Drop/returning``, ``Drop/tooLong``.
    func outer(for inner: InnerPacket, to peer: PeerIndex) throws(Drop) -> OuterFields {
        if inner.protocolNumber == .ipip, isOurOuterPacket(inner) { throw .loop }
        let endpoint = table.endpoint(of: peer)
        guard inner.source != endpoint.remote else { throw .returning }
        guard inner.totalLength <= OuterHeader.maximumPayloadLength else { throw .tooLong }
        let outerTTL =
            switch ttl {
            case .fixed(let value): value
            case .inherit: inner.ttl
            }
        return OuterFields(
            source: endpoint.local, destination: endpoint.remote, trafficClass: inner.trafficClass, ttl: outerTTL,
            fragmentation: .forbidden)
    }

    /// Whether this is what we sent to some peer, routed back into the device instead of to the network.
    private func isOurOuterPacket(_ inner: InnerPacket) -> Bool {
        guard let peer = table.peer(at: inner.destination) else { return false }
        return table.endpoint(of: peer).local == inner.source
    }

    /// A packet must not leave with a checksum that only hardware could finish: there is none behind a raw socket.
    private func finishChecksum(of slot: inout PacketSlot) throws(Drop) {
        guard slot.segmentSize == 0 else { throw .offload }
        guard case .partial(let start, let offset) = slot.checksum else { return }
        var bytes = slot.mutableBytes
        guard bytes.completeChecksum(from: Int(start), field: Int(offset)) else { throw .offload }
        slot.checksum = .valid
    }
}
