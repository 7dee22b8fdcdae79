// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What to make of an ICMP error about an outer packet of ours: who is to be told what, and what to remember.
///
/// The sender of the inner packet knows nothing of the outer one, so it is told in its own terms (RFC 2003 §4). Nothing
/// authenticates an error; all that can be asked is that it quotes what we might have sent.
public struct ICMPRelay: Sendable {
    /// Who the peers are.
    public var rules: RuleSet
    /// Which way the tunnel carries; `nil` for both.
    public var only: Direction?
    private let policy: OuterPolicy
    private let paths: Paths.View

    /// The relay for these peers; what it learns goes into `paths`.
    public init(_ rules: RuleSet, policy: OuterPolicy = OuterPolicy(), paths: Paths.View) {
        self.rules = rules
        self.policy = policy
        self.paths = paths
    }

    /// What comes of an error.
    public enum Verdict: Equatable, Sendable {
        /// It is about a packet that we did not send: another tunnel's, or nobody's.
        case stray
        /// It is to be counted, and that is all.
        case noted(PeerIndex)
        /// The sender of what stands in `inner` is to be told, octets from the start of the quote.
        case tell(ICMPv4Error, inner: Range<Int>, peer: PeerIndex)
    }

    /// Judges `report` about the outer packet at the start of `quote`. `now` in milliseconds.
    public func judge(_ report: ICMPReport, about quote: RawSpan, at now: UInt64) -> Verdict {
        guard only != .decapsulate, let outer = IPv4Quote(quote), let peer = peer(in: outer.packet) else {
            return .stray
        }
        let innerRange = outer.packet.payloadRange
        let inner = IPv4Quote(quote.extracting(innerRange))
        // What is inside must make sense as far as it is there at all.
        if inner == nil, innerRange.count >= IPv4Packet.minimumHeaderLength { return .stray }
        // Nor would we have sent it there. Else anybody could have us write to anybody, in anybody's name.
        if let inner, rules.table.peer(owning: inner.packet.destination) != peer { return .stray }
        let told: ICMPv4Error?
        let isTooLong = report.type == 3 && report.code == 4
        if isTooLong {
            let lowered = lowerMTU(report, about: outer.originalLength, to: peer, at: now)
            // Who may not be fragmented must know; everybody else's next packet is simply cut.
            told = inner?.packet.dontFragment == true ? lowered : nil
        } else {
            told = translation(of: report)
        }
        guard let told else { return .noted(peer) }
        guard let inner, inner.isUseful else {
            if !isTooLong { paths.noteTrouble(to: peer, at: now) }
            return .noted(peer)
        }
        return .tell(told, inner: innerRange, peer: peer)
    }

    /// The peer that the quoted packet was sent to, if it has our address as its source and begins with an IP packet.
    private func peer(in outer: IPv4Packet) -> PeerIndex? {
        guard outer.protocolNumber == .ipip, outer.fragmentOffset == 0 else { return nil }
        return rules.table.peer(sentFrom: outer.source, to: outer.destination)
    }

    /// Believes a lower path MTU, within limits, and says what that leaves for inner packets.
    private func lowerMTU(
        _ report: ICMPReport, about length: Int, to peer: PeerIndex, at now: UInt64
    ) -> ICMPv4Error? {
        let current = paths.mtu(to: peer, at: now)
        guard let mtu = PathMTU.judge(claim: report.nextHopMTU, aboutLength: length, current: current) else {
            return nil
        }
        paths.learn(mtu, to: peer, at: now)
        return .fragmentationNeeded(mtu: UInt16(clamping: mtu - OuterHeader.length))
    }

    /// What the error means for the sender of the inner packet; `nil` when it means nothing (RFC 2003 §4, RFC 1812 §5.2.7).
    ///
    /// Port unreachable comes from a kernel with tunnel code but without a tunnel to us, even while a user-space tunnel
    /// there takes the packet. A TTL that ran out on the way is a loop *inside* of the tunnel, so not a hop of theirs; where
    /// the TTL was the sender's own, it is what they asked for. Parameter problems are ours alone.
    private func translation(of report: ICMPReport) -> ICMPv4Error? {
        switch (report.type, report.code) {
        case (3, 0): .networkUnreachable
        case (3, 3), (3, 5): nil
        case (3, 9), (3, 10), (3, 13): .prohibited
        case (3, _): .hostUnreachable
        case (11, 0): policy.ttl == .inherit ? nil : .hostUnreachable
        default: nil
        }
    }
}
