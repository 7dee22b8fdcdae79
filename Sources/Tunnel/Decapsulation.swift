// SPDX-License-Identifier: Apache-2.0

public import Wire

/// The rules of the decapsulating side: what becomes of a protocol 4 packet that arrived. Closed by default.
public struct Decapsulation: Sendable {
    /// Who the peers are.
    public var rules: RuleSet
    /// Whom to take packets from.
    public var acceptance = Acceptance.peers
    /// The one address of ours that strangers may send to; `nil` for every one. Peers have their own.
    public var local: IPv4Address?
    /// The least outer TTL that a peer's packet may have left; `nil` for any (RFC 5082).
    public var minimumTTL: UInt8?
    /// Which way the tunnel carries; `nil` for both.
    public var only: Direction?
    /// What becomes of the maximum segment size.
    public var clamp = SegmentSizeClamp.off
    private let paths: Paths.View
    private let deviceMTU: Int

    /// The rules for these peers, in front of a device with this MTU, octets.
    public init(_ rules: RuleSet, mtu: Int, paths: Paths.View) {
        self.rules = rules
        self.paths = paths
        deviceMTU = mtu
    }

    /// Whom packets are taken from.
    public enum Acceptance: Equatable, Sendable {
        /// The peers, and from each only what its AllowedIPs hold.
        case peers
        /// From these blocks too, whatever is inside: the decapsulator of 1994 did, for every address there is.
        case also([Prefix])
    }

    /// Reduces the outer packet in `slot` to the inner one, if its sender may send it.
    ///
    /// The inner TTL stays as it is: the kernel decrements it when it forwards the packet (RFC 2003 §3.1). So does its
    /// DSCP, whatever the outer one says (RFC 2983 §3.1, the pipe model). `now` in milliseconds.
    /// - Throws: the reason to drop it; `slot.peer` is set when the peer was known by then.
    public func apply(to slot: inout PacketSlot, at now: UInt64) throws(Drop) {
        let outer = try OuterPacket(slot.bytes)
        let peer = try peer(of: outer)
        slot.peer = peer
        try check(outer)
        slot.strip(to: outer.payload)
        let inner = try InnerPacket(slot.bytes, from: .peer)
        slot.strip(to: 0..<inner.totalLength)
        try check(inner, from: peer, in: outer)
        try combineECN(of: inner, under: outer, in: &slot)
        try noteUnfinished(in: &slot)
        if inner.protocolNumber == .tcp { clamp.apply(to: &slot, tunnelMTU: tunnelMTU(peer, now)) }
    }

    /// The peer that sent the outer packet; `nil` for a stranger who is welcome.
    /// - Throws: ``Drop/notPeer``, ``Drop/notLocal``.
    func peer(of outer: OuterPacket) throws(Drop) -> PeerIndex? {
        guard let peer = rules.table.peer(at: outer.source) else {
            guard isWelcome(outer.source) else { throw .notPeer }
            guard local == nil || outer.destination == local else { throw .notLocal }
            return nil
        }
        let endpoint = rules.table.endpoint(of: peer)
        guard endpoint.acceptance == .anyAddress || outer.destination == endpoint.local else { throw .notLocal }
        return peer
    }

    private func isWelcome(_ stranger: IPv4Address) -> Bool {
        guard case .also(let blocks) = acceptance else { return false }
        for index in blocks.indices where blocks[index].contains(stranger) { return true }
        return false
    }

    /// - Throws: ``Drop/oneWay``, ``Drop/outerTTL``, ``Drop/outerFragment``.
    private func check(_ outer: OuterPacket) throws(Drop) {
        guard only != .encapsulate else { throw .oneWay }
        if let minimumTTL, outer.ttl < minimumTTL { throw .outerTTL }
        guard !outer.isFragment else { throw .outerFragment }
    }

    /// Whether `peer` may send this packet: its inner source must be one of the peer's own, and never one of ours.
    ///
    /// A stranger has no AllowedIPs; it may say anything but what a peer's say more narrowly than "everybody".
    /// - Throws: ``Drop/martian``, ``Drop/ownSource``, ``Drop/innerSource``, ``Drop/linkLocalGroup``, ``Drop/nested``.
    func check(_ inner: InnerPacket, from peer: PeerIndex?, in outer: OuterPacket) throws(Drop) {
        let (source, destination) = (inner.source, inner.destination)
        guard source.isUnicast, !destination.isThisNetwork, !destination.isLoopback else { throw .martian }
        guard source != outer.destination, !rules.isOurs(source) else { throw .ownSource }
        if let peer {
            guard rules.table.peer(owning: source) == peer else { throw .innerSource }
        } else {
            guard !rules.table.isReserved(source) else { throw .innerSource }
        }
        if destination.isLinkLocalGroup, peer == nil || rules.table.peer(owning: destination) != peer {
            throw .linkLocalGroup
        }
        guard inner.protocolNumber == .ipip else { return }
        // The kernel would hand it back to our raw socket, where it would pass for the packet of whoever it names.
        if destination == outer.destination || source == outer.source || rules.table.isLocalEnd(destination)
            || rules.table.peer(at: source) != nil
        {
            throw .nested
        }
    }

    /// Hands on to the inner packet what routers said about congestion (RFC 6040 §4.2).
    /// - Throws: ``Drop/congestionUnsignalled``.
    private func combineECN(of inner: InnerPacket, under outer: OuterPacket, in slot: inout PacketSlot) throws(Drop) {
        let old = ECN(trafficClass: inner.trafficClass)
        guard let new = old.decapsulated(under: outer.ecn) else { throw .congestionUnsignalled }
        slot.remark = old.remark(under: outer.ecn)
        guard new != old else { return }
        var bytes = slot.mutableBytes
        bytes.rewriteECN(new)
    }

    /// Tells the kernel, by way of the sink, what it left undone when it merged segments on reception.
    ///
    /// The segment size they had is lost; any that fits is right for TCP. Finishing a checksum that nobody left undone
    /// would repair a corrupted packet, so that nothing is claimed of any other packet.
    /// - Throws: ``Drop/mergedDatagrams``: of datagrams the size matters.
    private func noteUnfinished(in slot: inout PacketSlot) throws(Drop) {
        guard let unfinished = UnfinishedTransport(slot.bytes) else { return }
        slot.checksum = unfinished.checksum
        let segmentLength = min(deviceMTU, Decapsulation.safeLength)
        guard slot.length > segmentLength else { return }
        guard unfinished.carried == .tcp else { throw .mergedDatagrams }
        if unfinished.headerLength < segmentLength { slot.segmentSize = segmentLength - unfinished.headerLength }
    }

    /// What fits through a tunnel over Ethernet, and so most probably wherever the packet goes next.
    private static let safeLength = 1_480

    /// What an answer to the packet may measure on its way back.
    private func tunnelMTU(_ peer: PeerIndex?, _ now: UInt64) -> Int {
        guard let peer else { return deviceMTU }
        return min(deviceMTU, paths.mtu(to: peer, at: now) - OuterHeader.length)
    }
}
