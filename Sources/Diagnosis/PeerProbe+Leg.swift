// SPDX-License-Identifier: Apache-2.0

package import Wire

extension PeerProbe {
    /// Which part of the way to the peer and back fails.
    package enum Leg: String, Codable, Sendable, CaseIterable {
        /// None: there was an answer.
        case none
        /// This host does not send.
        case here
        /// The way to the peer's outer address.
        case underlay
        /// A firewall says that it forbids protocol 4 (ICMP 3/9, 3/10, 3/13).
        case filtered
        /// The peer has nobody for protocol 4 (ICMP 3/2).
        case decapsulator
        /// The peer refuses protocol 4 (ICMP 3/3): its firewall, or its kernel, which has no tunnel for this host.
        case endpoint
        /// Nothing comes back: protocol 4 is filtered without a word, or the peer is silent.
        case silent
        /// The peer has the tunnel, and drops what was asked, or whoever was asked does not answer.
        case inside
        /// The answer arrives, and is lost on this host.
        case back
        /// The peer sends to another address of this host than packets to it come from.
        case address
    }

    /// The part that fails, as far as what was seen tells: what somebody said goes before what was not heard.
    package var leg: Leg {
        if isAnswered { return .none }
        if let said = legThatWasNamed { return said }
        if !otherLocals.isEmpty { return .address }
        if inner.sent == 0, inner.refusal != nil { return .here }
        if lostHere > 0 { return .back }
        if !innerReports.isEmpty { return .inside }
        // Fewer drops than questions may be of something else that the peer sends.
        if inner.sent > 0, receivedDrops.values.reduce(0, +) >= inner.sent { return .back }
        if !sentDrops.isEmpty || tunnelAttempts.contains(where: { $0.sent == 0 && $0.refusal != nil }) { return .here }
        if otherSources.contains(where: \.attempt.isAnswered) || hairpin.isAnswered || isHeard { return .inside }
        if outer.isAnswered { return .silent }
        if silentNextHop != nil || !outer.reports.isEmpty || outer.sent == 0 && outer.refusal != nil {
            return .underlay
        }
        return .silent
    }

    /// Whether the tunnel carried a question and its answer.
    package var isAnswered: Bool {
        let other = isUnnumbered && otherSources.contains(where: \.attempt.isAnswered)
        return inner.isAnswered || datagrams.isAnswered || bare.isAnswered || other
    }

    /// Whether all answers came beside the tunnel, so that only the way to the peer is proven.
    package var isOneWay: Bool { isAnswered && unwrapped > 0 && unwrapped >= inner.answered + bare.answered }

    /// Whether the peer sent us packets through the tunnel meanwhile.
    package var isHeard: Bool { received > 0 }

    /// Whether the peer sent through the tunnel a short while ago, and this host has sent nothing since that was not answered:
    /// then it is not known to be silent.
    package var wasHeardLately: Bool { lastReceivedSecondsAgo.map { $0 < 60 } == true && sentBefore == 0 }

    /// The part that an ICMP error about protocol 4 names. Of several the one that was closest to the peer.
    private var legThatWasNamed: Leg? {
        let legs = Set(reports.compactMap(leg))
        return [.decapsulator, .endpoint, .filtered, .underlay].first(where: legs.contains)
    }

    /// The part that one ICMP error about protocol 4 names.
    ///
    /// A host says of itself that it has no such protocol (3/2), and a kernel's tunnel code that no tunnel is meant (3/3).
    /// From another host on the way the same codes are a firewall's (REJECT), as is "unreachable" of a peer that
    /// answers echo.
    private func leg(_ report: ICMPReport) -> Leg? {
        // This host's own kernel found no neighbour to hand the packet to.
        if report.type == 11 || report.offender == local { return .underlay }
        guard report.type == 3, report.code != 4 else { return nil }
        if PeerProbe.prohibitions.contains(report.code) { return .filtered }
        let isPeer = report.offender == endpoint
        switch report.code {
        case 2: return isPeer ? .decapsulator : .filtered
        case 3: return isPeer ? .endpoint : .filtered
        // A peer whose address answers echo is reached: only protocol 4 is refused.
        default: return outer.isAnswered ? .filtered : .underlay
        }
    }

    /// Whether the inner address that was asked is known to be a host's.
    package var isTargetCertain: Bool {
        // A peer rightly drops what comes from an address that was never given to the device.
        guard let target, !isUnnumbered else { return false }
        return [.named, .otherEnd, .only].contains(target.origin)
    }

    private var tunnelAttempts: [Attempt] { [inner, bare] }

    /// Communication with the network, with the host, and at all is administratively prohibited (RFC 1812 §5.2.7.1).
    static let prohibitions: Set<UInt8> = [9, 10, 13]
}

extension PeerProbe {
    /// The first ICMP error that speaks for a leg.
    package func report(for leg: Leg) -> ICMPReport? {
        if let report = reports.first(where: { self.leg($0) == leg }) { return report }
        return leg == .underlay ? outer.reports.first { $0.type == 11 || $0.type == 3 && $0.code != 4 } : nil
    }

    /// What was seen, a line for each thing that was tried.
    package var evidence: [String] {
        var lines: [String] = []
        line("echo to \(endpoint) beside the tunnel", outer, &lines)
        let asked = target.map { " to \($0.address)" } ?? ""
        if let target, target.origin != .named { lines.append("\(target.address) was asked: \(target.reason)") }
        line("echo\(asked) through the tunnel", inner, &lines)
        line("UDP\(asked) through the tunnel", datagrams, &lines)
        for other in otherSources { line("echo\(asked) from \(other.source)", other.attempt, &lines) }
        line("our own packet, sent back by the peer", hairpin, &lines)
        line("protocol 4 to \(endpoint)", bare, &lines)
        for report in Set(reports.map { PeerProbe.text($0, own: [local]) }).sorted() {
            lines.append("about protocol 4: \(report)")
        }
        if let silentNextHop { lines.append("\(silentNextHop) does not answer ARP") }
        for report in Set(innerReports.map(PeerProbe.text)).sorted() { lines.append("through the tunnel: \(report)") }
        for other in otherLocals.sorted() { lines.append("the peer sends to \(other), another address of this host") }
        if lostHere > 0 { lines.append("answers that arrived inside of protocol 4 and were lost here: \(lostHere)") }
        for (reason, count) in receivedDrops.sorted(by: { $0.key < $1.key }) {
            lines.append("dropped from the peer: \(reason) \(count)")
        }
        for (reason, count) in sentDrops.sorted(by: { $0.key < $1.key }) {
            lines.append("dropped to the peer: \(reason) \(count)")
        }
        if tunnel != nil {
            lines.append("last packet from the peer: \(lastReceivedSecondsAgo.map { "\($0) s ago" } ?? "never")")
        }
        if oddReplies > 0 { lines.append("replies that nobody asked for, not believed: \(oddReplies)") }
        return lines + shortfalls.map { "not tried: \($0)" }
    }

    private func line(_ what: String, _ attempt: Attempt, _ lines: inout [String]) {
        if attempt.sent > 0 { lines.append("\(what): \(attempt.answered) of \(attempt.sent) answered") }
        if let refusal = attempt.refusal { lines.append("\(what): \(refusal)") }
        for report in Set(attempt.reports.map { PeerProbe.text($0, own: [local, source]) }).sorted() {
            lines.append("\(what): \(report)")
        }
    }

    private static func text(_ report: ICMPReport) -> String { text(report, own: []) }

    private static func text(_ report: ICMPReport, own: [IPv4Address?]) -> String {
        let here = own.contains(report.offender) ? ", this host" : ""
        return "ICMP \(report.type)/\(report.code) from \(report.offender)\(here)"
    }
}
