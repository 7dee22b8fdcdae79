// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// A ``TunnelReport`` for people, in the shape of `wg show`.
enum ReportText {
    /// The whole report.
    static func text(_ report: TunnelReport) -> String {
        let path = report.underlayMTU
        var lines = [
            "interface: \(report.name)",
            "  state: \(report.state.rawValue) \(duration(report.uptimeSeconds))   mtu: \(report.mtu)\(path > 0 ? " (path \(path))" : "")   "
                + "local: \(report.local)",
        ]
        if report.device != report.name { lines.append("  device: \(report.device)") }
        if let problem = report.problem { lines.append("  problem: \(problem)") }
        if let only = report.only { lines.append("  carries one way only: \(only)") }
        if report.workers > 1 { lines.append("  workers: \(report.workers)") }
        if let repairs = report.repairs, repairs > 0 { lines.append("  repairs: \(repairs)") }
        if let killSwitch = report.killSwitch { lines.append("  kill switch: \(text(killSwitch))") }
        if report.acceptFrom != "peers" { lines.append("  accepts from: peers, \(report.acceptFrom)") }
        if report.acceptFrom != "peers" {
            let others = report.decapsulate.delivered - report.peers.reduce(0) { $0 + $1.received.packets }
            lines.append("  packets of others: \(others) received")
        }
        lines += drops(report.decapsulate.drops, report.encapsulate.drops).map { "  drops without a peer: \($0)" }
        lines += interface(report)
        lines += report.privilegeShortfalls.map { "  privilege: \($0)" }
        lines += report.peers.flatMap { [""] + peer($0, underlayMTU: path) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What stands of it, and what it was good for.
    private static func text(_ news: KillSwitchNews) -> String {
        guard let standing = news.layers else { return "not known, since no keeper looks after it" }
        let layers = standing.isEmpty ? "does not stand" : standing.joined(separator: " and ")
        guard let dropped = news.dropped, dropped > 0 else { return layers }
        return "\(layers); \(dropped) packet\(dropped == 1 ? "" : "s") dropped that would have left in clear"
    }

    /// What is worth a line only when it happened.
    private static func interface(_ report: TunnelReport) -> [String] {
        let (out, back) = (report.encapsulate, report.decapsulate)
        var lines: [String] = []
        let losses = report.kernelLosses
        if losses.socket + losses.device > 0 {
            lines.append("  lost in the kernel: \(losses.socket) at the socket, \(losses.device) at the device")
        }
        if out.fragmented > 0 { lines.append("  cut into fragments: \(out.fragmented) packets") }
        let (answers, suppressed) = (
            out.icmpErrorsSent + back.icmpErrorsSent, out.icmpErrorsRateLimited + back.icmpErrorsRateLimited
        )
        if answers + suppressed > 0 {
            lines.append("  icmp errors sent inside: \(answers)" + (suppressed > 0 ? ", \(suppressed) too many" : ""))
        }
        if back.strayICMPErrors > 0 { lines.append("  icmp errors about others: \(back.strayICMPErrors)") }
        let oddECN = back.unexpectedECN + back.dangerousECN
        if oddECN > 0 {
            lines.append("  strange ecn outside: \(oddECN) packets, \(back.dangerousECN) of them alarming")
        }
        return lines
    }

    /// A length of time in its two largest units: `3d 4h`.
    static func duration(_ seconds: UInt64) -> String {
        let units: [(UInt64, String)] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")]
        let parts = units.map { (seconds / $0.0 % ($0.1 == "d" ? .max : $0.1 == "h" ? 24 : 60), $0.1) }
        let first = parts.firstIndex { $0.0 > 0 } ?? parts.count - 1
        return parts[first...].prefix(2).filter { $0.0 > 0 || $0.1 == "s" && parts[first].1 == "s" }
            .map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }

    /// Octets in the largest binary unit that leaves a whole number: `1.20 GiB`.
    static func size(_ octets: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        if octets < 1024 { return "\(octets) B" }
        var (value, unit) = (Double(octets), 0)
        // Rounding must not leave 1024.00 of a unit.
        while (value * 100).rounded() >= 102_400, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        let scaled = UInt64((value * 100).rounded())
        let hundredths = scaled % 100
        return "\(scaled / 100).\(hundredths < 10 ? "0" : "")\(hundredths) \(units[unit])"
    }

    private static func peer(_ peer: TunnelReport.Peer, underlayMTU: Int) -> [String] {
        var lines = [
            "peer: " + [peer.name, peer.host, peer.endpoint].compactMap(\.self).joined(separator: "  "),
            "  allowed ips: \(peer.allowedIPs.joined(separator: ", "))",
        ]
        if let problem = peer.problem { lines.append("  problem: \(problem)") }
        if peer.pathMTU < underlayMTU { lines.append("  path mtu: \(peer.pathMTU), so \(peer.pathMTU - 20) inside") }
        if let last = peer.lastICMPError { lines.append("  icmp errors: \(peer.icmpErrorsReceived), last: \(last)") }
        if let line = liveness(peer) { lines.append("  liveness: \(line)") }
        if let age = peer.lastReceivedSecondsAgo {
            lines.append("  last received: " + (age == 0 ? "now" : "\(duration(age)) ago"))
        }
        lines.append("  transfer: \(size(peer.received.octets)) received, \(size(peer.sent.octets)) sent")
        lines.append("  packets: \(peer.received.packets) received, \(peer.sent.packets) sent")
        return lines + drops(peer.received.drops, peer.sent.drops).map { "  drops: \($0)" }
    }

    /// `up, rtt 0.42 ms, loss 0 %`; `nil` when nobody asks it.
    static func liveness(_ peer: TunnelReport.Peer) -> String? {
        guard let state = peer.liveness, peer.lossPercent != nil || state == .down else { return nil }
        var words = [state.rawValue]
        if let time = peer.rttMicroseconds { words.append("rtt \(milliseconds(time)) ms") }
        if let loss = peer.lossPercent { words.append("loss \(loss) %") }
        if peer.proof == .oneLeg { words.append("the way there alone is proven") }
        return words.joined(separator: ", ")
    }

    /// Microseconds as milliseconds: `0.42`.
    static func milliseconds(_ microseconds: UInt64) -> String {
        let hundredths = (microseconds + 5) / 10
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// `14 received (inner-source 12, not-peer 2), 0 sent`; `nil` when nothing was dropped.
    private static func drops(_ received: [String: UInt64], _ sent: [String: UInt64]) -> [String] {
        guard !received.isEmpty || !sent.isEmpty else { return [] }
        return ["\(count(received)) received\(reasons(received)), \(count(sent)) sent\(reasons(sent))"]
    }

    private static func count(_ drops: [String: UInt64]) -> UInt64 { drops.values.reduce(0, +) }

    private static func reasons(_ drops: [String: UInt64]) -> String {
        let sorted = drops.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.isEmpty ? "" : " (" + sorted.map { "\($0.key) \($0.value)" }.joined(separator: ", ") + ")"
    }
}
