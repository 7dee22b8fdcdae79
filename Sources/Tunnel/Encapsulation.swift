// SPDX-License-Identifier: Apache-2.0

public import Wire

/// The rules of the encapsulating side: what becomes of a packet that was routed into the device.
public struct Encapsulation: Sendable {
    /// Who the peers are.
    public var rules: RuleSet
    /// Which way the tunnel carries; `nil` for both.
    public var only: Direction?
    /// What becomes of the maximum segment size.
    public var clamp = SegmentSizeClamp.off
    private let policy: OuterPolicy
    private let paths: Paths.View
    private let deviceMTU: Int

    /// The rules for these peers, behind a device with this MTU, octets.
    public init(_ rules: RuleSet, policy: OuterPolicy = OuterPolicy(), mtu: Int, paths: Paths.View) {
        self.rules = rules
        self.policy = policy
        self.paths = paths
        deviceMTU = mtu
    }

    /// Finds the peer for the packet in `slot` and decides on its outer header and on how it is cut; the sink renders both.
    ///
    /// What follows the packet in the buffer is cut off. Its TTL stays as it is: it was decremented when the packet was
    /// routed into the device, if it was forwarded at all (RFC 2003 §3.1). `now` in milliseconds.
    /// - Throws: the reason to drop it; `slot.peer` is set when the peer was known by then, `slot.answer` when its sender
    ///   is to be told.
    public func apply(to slot: inout PacketSlot, at now: UInt64) throws(Drop) {
        let inner = try InnerPacket(slot.bytes, from: .host)
        slot.strip(to: 0..<inner.totalLength)
        let peer = try peer(for: inner, &slot.answer)
        slot.peer = peer
        let outer = try outer(for: inner, to: peer, &slot.answer)
        let tunnelMTU = paths.mtu(to: peer, at: now) - OuterHeader.length
        try fit(&slot, inner, under: outer, tunnelMTU: tunnelMTU)
        if inner.protocolNumber == .tcp { clamp.apply(to: &slot, tunnelMTU: min(tunnelMTU, deviceMTU)) }
        slot.outer = outer
        if paths.takeTrouble(to: peer, at: now) { slot.answer = .hostUnreachable }
    }

    /// The peer whose AllowedIPs hold the inner destination. Where there is none, the way ends here, and its sender is told
    /// as by any other router (RFC 1812 §5.2.7.1).
    /// - Throws: ``Drop/oneWay``, ``Drop/noPeer``, ``Drop/noPeerMulticast``.
    private func peer(for inner: InnerPacket, _ answer: inout ICMPv4Error?) throws(Drop) -> PeerIndex {
        guard only != .decapsulate, let peer = rules.table.peer(owning: inner.destination) else {
            answer = .hostUnreachable
            if only == .decapsulate { throw .oneWay }
            throw rules.isForMany(inner.destination) ? .noPeerMulticast : .noPeer
        }
        return peer
    }

    /// The outer header for `inner` on its way to `peer`.
    /// - Throws: ``Drop/loop``, ``Drop/returning``; ``Drop/unresolved``, ``Drop/noLocal``.
    func outer(
        for inner: InnerPacket, to peer: PeerIndex, _ answer: inout ICMPv4Error?
    ) throws(Drop) -> OuterFields {
        // What we sent to some peer was routed back into the device instead of to the network.
        if inner.protocolNumber == .ipip, rules.table.peer(sentFrom: inner.source, to: inner.destination) != nil {
            throw .loop
        }
        let endpoint = rules.table.endpoint(of: peer)
        try checkEnds(of: endpoint, &answer)
        guard inner.source != endpoint.remote else { throw .returning }
        return OuterFields(
            source: endpoint.local, destination: endpoint.remote,
            trafficClass: policy.trafficClass(for: inner.trafficClass), ttl: try ttl(for: inner),
            fragmentation: policy.fragmentation(dontFragment: inner.dontFragment))
    }

    /// Whether another tunnel of this host has wrapped the packet, or what it is a fragment of.
    private func isNested(_ inner: InnerPacket) -> Bool {
        inner.protocolNumber == .ipip && rules.isOurs(inner.source)
    }

    /// The outer TTL: where another tunnel of this host has wrapped the packet, or a fragment of it, one less than it gave,
    /// whatever the policy says.
    ///
    /// Tunnels that lead into each other then end like any loop of routers, after as many rounds as the first TTL had.
    /// No router between them would count: a packet of this host's own has not been forwarded.
    /// - Throws: ``Drop/loop`` when nothing is left.
    private func ttl(for inner: InnerPacket) throws(Drop) -> TTL {
        guard isNested(inner) else { return policy.ttl(for: inner.ttl) }
        guard let rest = TTL(rawValue: inner.ttl.rawValue - 1) else { throw .loop }
        return rest
    }

    /// A way with an end that is not known yet ends here, as where there is no peer.
    /// - Throws: ``Drop/unresolved``, ``Drop/noLocal``.
    private func checkEnds(of endpoint: PeerTable.Endpoint, _ answer: inout ICMPv4Error?) throws(Drop) {
        guard endpoint.remote == .unspecified || endpoint.local == .unspecified else { return }
        answer = .hostUnreachable
        throw endpoint.remote == .unspecified ? .unresolved : .noLocal
    }

    /// Decides how the packet is cut so that it fits, and finishes its checksum unless the cut will.
    private func fit(
        _ slot: inout PacketSlot, _ inner: InnerPacket, under outer: OuterFields, tunnelMTU: Int
    ) throws(Drop) {
        // A header that is written anew gets a checksum that is right, and must have had one.
        if slot.segmentSize > 0 || inner.totalLength > tunnelMTU, !hasValidHeader(slot) {
            throw .innerChecksum
        }
        if slot.segmentSize > 0 {
            let segmentation = try segmentation(of: slot)
            if let segmentation = try fit(segmentation, inner, under: outer, tunnelMTU, &slot.answer) {
                slot.cut = .segments(segmentation)
            } else {
                slot.fate = .apart
            }
            return
        }
        try finishChecksum(of: &slot, inner)
        guard inner.totalLength > tunnelMTU else { return }
        if isNested(inner) {
            // Cut at each turn, one packet would become thousands where tunnels lead into each other. The tunnel that made it
            // is told what fits, and makes the next ones so.
            slot.answer = .fragmentationNeeded(mtu: UInt16(clamping: tunnelMTU))
            throw .fragmentationNeeded
        }
        if outer.fragmentation == .allowed {
            guard inner.totalLength <= OuterHeader.maximumPayloadLength else { throw .tooLong }
            slot.cut = .outerFragments(limit: tunnelMTU + OuterHeader.length)
        } else if let fragmentation = Fragmentation(slot.bytes, limit: tunnelMTU) {
            slot.cut = .fragments(fragmentation)
        } else {
            slot.answer = .fragmentationNeeded(mtu: UInt16(clamping: tunnelMTU))
            throw .fragmentationNeeded
        }
    }

    private func hasValidHeader(_ slot: borrowing PacketSlot) -> Bool {
        guard let packet = try? IPv4Packet(slot.bytes) else { return false }
        return packet.hasValidHeaderChecksum
    }

    /// A superpacket is judged by the packets that it stands for. Where nobody forbids it, segments of a stream may be made
    /// smaller; datagrams may not, but each can be cut into fragments: `nil`.
    private func fit(
        _ segmentation: Segmentation, _ inner: InnerPacket, under outer: OuterFields, _ tunnelMTU: Int,
        _ answer: inout ICMPv4Error?
    ) throws(Drop) -> Segmentation? {
        guard segmentation.longestLength > tunnelMTU else { return segmentation }
        if outer.fragmentation == .allowed || !inner.dontFragment {
            if !segmentation.isStream { return nil }
            if tunnelMTU > segmentation.headerLength {
                return segmentation.resized(to: tunnelMTU - segmentation.headerLength)
            }
        }
        answer = .fragmentationNeeded(mtu: UInt16(clamping: tunnelMTU))
        throw .fragmentationNeeded
    }

    /// How the superpacket is cut. Its checksum must be one that nobody finished: else one that is wrong would be repaired.
    private func segmentation(of slot: borrowing PacketSlot) throws(Drop) -> Segmentation {
        guard case .partial = slot.checksum, let segmentation = Segmentation(slot.bytes, size: slot.segmentSize) else {
            throw .offload
        }
        return segmentation
    }

    /// A packet must not leave with a checksum that only hardware could finish: there is none behind a raw socket.
    private func finishChecksum(of slot: inout PacketSlot, _ inner: InnerPacket) throws(Drop) {
        guard case .partial(let start, let offset) = slot.checksum else { return }
        var bytes = slot.mutableBytes
        // The header was checked, and may not change any more.
        guard Int(start) >= inner.headerLength, bytes.completeChecksum(from: Int(start), field: Int(offset)) else {
            throw .offload
        }
        slot.checksum = .valid
    }
}
