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
        /// The peer's kernel has tunnel code, and no tunnel to us (ICMP 3/3).
        case endpoint
        /// Nothing comes back: protocol 4 is filtered without a word, or the peer is silent.
        case silent
        /// The peer has the tunnel, and drops what was asked, or whoever was asked does not answer.
        case inside
        /// The answer arrives, and is lost on this host.
        case back
    }

    /// The part that fails, as far as what was seen tells: what somebody said goes before what was not heard.
    package var leg: Leg {
        if isAnswered { return .none }
        if let said = legThatWasNamed { return said }
        if !receivedDrops.isEmpty || lostHere > 0 { return .back }
        if !sentDrops.isEmpty || tunnelAttempts.contains(where: { $0.sent == 0 && $0.refusal != nil }) { return .here }
        if otherSources.contains(where: \.attempt.isAnswered) || hairpin.isAnswered || isHeard { return .inside }
        if outer.isAnswered { return .silent }
        if silentNextHop != nil || !outer.reports.isEmpty || outer.sent == 0 && outer.refusal != nil {
            return .underlay
        }
        return .silent
    }

    /// Whether the tunnel carried a question and its answer.
    package var isAnswered: Bool { inner.isAnswered || datagrams.isAnswered || bare.isAnswered }

    /// Whether all answers came beside the tunnel, so that only the way to the peer is proven.
    package var isOneWay: Bool { isAnswered && unwrapped > 0 && unwrapped >= inner.answered + bare.answered }

    /// Whether the peer sent us packets through the tunnel meanwhile.
    package var isHeard: Bool { received > 0 }

    /// The part that an ICMP error about protocol 4 names. Of several the one that was closest to the peer.
    private var legThatWasNamed: Leg? {
        let codes = Set(reports.filter { $0.type == 3 }.map(\.code))
        if codes.contains(2) { return .decapsulator }
        if codes.contains(3) { return .endpoint }
        if !codes.isDisjoint(with: PeerProbe.prohibitions) { return .filtered }
        let isUnreachable = reports.contains { $0.type == 11 || $0.type == 3 && $0.code != 4 }
        return isUnreachable ? .underlay : nil
    }

    /// Whether somebody may be counted on to answer at the inner address.
    package var isTargetCertain: Bool { target.map { $0.origin == .named || $0.origin == .only } ?? false }

    private var tunnelAttempts: [Attempt] { [inner, bare] }

    /// Communication with the network, with the host, and at all is administratively prohibited (RFC 1812 §5.2.7.1).
    static let prohibitions: Set<UInt8> = [9, 10, 13]
}

extension PeerProbe {
    /// The first ICMP error that speaks for a leg.
    package func report(for leg: Leg) -> ICMPReport? {
        let all = reports + (leg == .underlay ? outer.reports : [])
        return all.first { report in
            switch leg {
            case .decapsulator: report.type == 3 && report.code == 2
            case .endpoint: report.type == 3 && report.code == 3
            case .filtered: report.type == 3 && PeerProbe.prohibitions.contains(report.code)
            case .underlay: report.type == 11 || report.type == 3 && report.code != 4
            default: false
            }
        }
    }

    /// What was seen, a line for each thing that was tried.
    package var evidence: [String] {
        var lines: [String] = []
        line("echo to \(endpoint) beside the tunnel", outer, &lines)
        let asked = target.map { " to \($0.address)" } ?? ""
        line("echo\(asked) through the tunnel", inner, &lines)
        line("UDP\(asked) through the tunnel", datagrams, &lines)
        for other in otherSources { line("echo\(asked) from \(other.source)", other.attempt, &lines) }
        line("our own packet, sent back by the peer", hairpin, &lines)
        line("protocol 4 to \(endpoint)", bare, &lines)
        for report in Set(reports.map(PeerProbe.text)).sorted() { lines.append("about protocol 4: \(report)") }
        if let silentNextHop { lines.append("\(silentNextHop) does not answer ARP") }
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
        for report in Set(attempt.reports.map(PeerProbe.text)).sorted() { lines.append("\(what): \(report)") }
    }

    private static func text(_ report: ICMPReport) -> String {
        "ICMP \(report.type)/\(report.code) from \(report.offender)"
    }
}
