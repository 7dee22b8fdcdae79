// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Wire

/// What `iptund ping` prints for people.
enum PingText {
    static func title(_ probe: PeerProbe) -> String {
        let target =
            probe.target.map { $0.origin == .named ? "\($0.address)" : "\($0.address) (\($0.reason))" } ?? "?"
        let source = probe.source.map { " from \($0)" } ?? ""
        return "asking \(target)\(source) through \(probe.tunnel ?? "?"), peer \(probe.peer) at \(probe.endpoint)"
    }

    /// A line for an answer.
    static func line(_ answer: EchoSeries.Answer) -> String {
        "\(answer.source): seq=\(answer.sequence) time=\(milliseconds(answer.roundTrip)) ms"
    }

    /// All that is said at the end.
    static func summary(_ probe: PeerProbe) -> String {
        var lines = ["\(probe.inner.sent) asked, \(probe.inner.answered) answered\(times(probe.inner))"]
        if probe.outer.sent > 0 {
            lines.append(
                "beside the tunnel: \(probe.outer.sent) asked, \(probe.outer.answered) answered\(times(probe.outer))")
        }
        if probe.isOneWay { lines.append("the answers came beside the tunnel: only the way to the peer is proven") }
        if probe.duplicates > 0 { lines.append("answers that came twice: \(probe.duplicates)") }
        if probe.isAnswered {
            if !probe.inner.isAnswered { lines.append("echo is not answered, a closed UDP port is: the tunnel works") }
            if probe.oddReplies > 0 { lines.append("replies that nobody asked for, not believed: \(probe.oddReplies)") }
            return (lines + size(probe)).map { "\($0)\n" }.joined()
        }
        lines.append("what fails: \(explanation(probe))")
        lines += probe.evidence.map { "  \($0)" }
        return lines.map { "\($0)\n" }.joined()
    }

    private static func size(_ probe: PeerProbe) -> [String] {
        guard let size = probe.size else { return [] }
        guard size.largest > 0 else { return ["mtu: no answer"] }
        if size.largest >= size.limit { return ["mtu: \(size.limit), all that the device takes"] }
        let told = size.told.map { "ICMP says \($0)" } ?? "no ICMP error says so: a hole"
        return ["mtu: \(size.largest), though the device takes \(size.limit); \(told)"]
    }

    /// The leg that fails, in words.
    static func explanation(_ probe: PeerProbe) -> String {
        let said = probe.report(for: probe.leg).map { " (ICMP \($0.type)/\($0.code) from \($0.offender))" } ?? ""
        switch probe.leg {
        case .none: return "nothing"
        case .here: return "this host does not send"
        case .underlay: return "the way to the peer's outer address\(said)"
        case .filtered: return "a firewall forbids protocol 4\(said)"
        case .decapsulator: return "the peer takes no IP-in-IP: nothing decapsulates there\(said)"
        case .endpoint:
            return
                "the peer refuses protocol 4: its firewall rejects it, or its kernel has no tunnel to this host\(said)"
        case .silent:
            return probe.outer.isAnswered
                ? "nothing comes back through the tunnel, though the peer's host answers: protocol 4 is filtered or dropped"
                : "nothing comes back at all, neither through the tunnel nor beside it"
        case .inside where probe.hairpin.isAnswered:
            return
                "the tunnel works both ways, but \(probe.target.map { "\($0.address)" } ?? "the host") does not answer"
        case .inside where !probe.innerReports.isEmpty:
            let report = probe.innerReports[0]
            return "the tunnel works both ways, but behind it \(report.offender) refuses the question "
                + "(ICMP \(report.type)/\(report.code))"
        case .inside:
            let taken = probe.otherSources.filter(\.attempt.isAnswered).map { "\($0.source)" }.joined(separator: ", ")
            let source = probe.source.map { "\($0)" } ?? "our address"
            return taken.isEmpty
                ? "the peer sends packets, and does not answer \(source): what is sent to it is lost on the way, or it drops "
                    + "ICMP echo, or this inner source"
                : "the peer drops what comes from \(source), and takes \(taken)"
        case .back: return "the answer arrives, and is lost on this host"
        case .address:
            let others = probe.otherLocals.sorted().map { "\($0)" }.joined(separator: ", ")
            let local = probe.local.map { "\($0)" } ?? "another address"
            return "the peer sends to \(others), and packets to it leave from \(local), which it may not know"
        }
    }

    private static func times(_ attempt: PeerProbe.Attempt) -> String {
        attempt.roundTrip.map {
            "; min/avg/max \(milliseconds($0.shortest))/\(milliseconds($0.mean))/\(milliseconds($0.longest)) ms"
        } ?? ""
    }

    /// Microseconds as milliseconds with three digits.
    static func milliseconds(_ time: UInt64) -> String {
        let fraction = "\(time % 1000)"
        return "\(time / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
