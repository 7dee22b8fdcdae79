// SPDX-License-Identifier: Apache-2.0

/// A ``TunnelReport`` for people, in the shape of `wg show`.
enum ReportText {
    /// The whole report.
    static func text(_ report: TunnelReport) -> String {
        let path = report.underlayMTU
        var lines = [
            "interface: \(report.name)",
            "  state: \(report.state.rawValue) \(duration(report.uptimeSeconds))   mtu: \(report.mtu) (path \(path))   "
                + "local: \(report.local)",
        ]
        lines += drops(report.decapsulate.drops, report.encapsulate.drops).map { "  drops without a peer: \($0)" }
        for direction in [report.encapsulate, report.decapsulate] {
            guard let last = direction.lastICMPError else { continue }
            lines.append("  icmp errors: \(direction.icmpErrors), last: \(last)")
        }
        lines += report.privilegeShortfalls.map { "  privilege: \($0)" }
        lines += report.peers.flatMap { [""] + peer($0) }
        return lines.joined(separator: "\n") + "\n"
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

    private static func peer(_ peer: TunnelReport.Peer) -> [String] {
        var lines = [
            "peer: " + [peer.name, peer.endpoint].compactMap(\.self).joined(separator: "  "),
            "  allowed ips: \(peer.allowedIPs.joined(separator: ", "))",
        ]
        if let age = peer.lastReceivedSecondsAgo {
            lines.append("  last received: " + (age == 0 ? "now" : "\(duration(age)) ago"))
        }
        lines.append("  transfer: \(size(peer.received.octets)) received, \(size(peer.sent.octets)) sent")
        lines.append("  packets: \(peer.received.packets) received, \(peer.sent.packets) sent")
        return lines + drops(peer.received.drops, peer.sent.drops).map { "  drops: \($0)" }
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
