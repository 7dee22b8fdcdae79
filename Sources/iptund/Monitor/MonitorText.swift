// SPDX-License-Identifier: Apache-2.0

/// What `iptund monitor` prints where nobody looks at a screen: a line for each interval.
enum MonitorText {
    /// `12:03:04Z b up; b: sent 1.20 MiB/s 210 p/s, received 0 B/s 0 p/s; dropped 3/s: received inner-source 3`.
    ///
    /// - Parameter time: microseconds since 1970.
    static func line(_ state: MonitorState, _ parts: MonitorParts, at time: UInt64) -> String {
        let report = state.report
        var words = ["\(clock(time)) \(report.name) \(report.state.rawValue)\(report.problem.map { " (\($0))" } ?? "")"]
        guard let rates = state.rates else { return "\(words[0]); no rates yet: it has just started".printable }
        if parts.contains(.peers) {
            words += rates.peers.map {
                "\($0.label): sent \(transfer($0.sent)), received \(transfer($0.received))"
            }
        }
        if parts.contains(.drops) {
            let dropped = rates.drops.filter { $0.rate > 0 }
            let reasons = dropped.map { "\(MonitorState.label($0)) \(count($0.rate))" }
            words.append(
                "dropped \(count(dropped.reduce(0) { $0 + $1.rate }))/s"
                    + (reasons.isEmpty ? "" : ": \(reasons.joined(separator: ", "))"))
            if rates.kernelLosses > 0 { words.append("lost in the kernel \(count(rates.kernelLosses))/s") }
        }
        return words.joined(separator: "; ").printable
    }

    /// `210`, `0.5`, `12.3k`: three digits that say something.
    static func count(_ rate: Double) -> String {
        if rate >= 999_950 { return "\(tenths(rate / 1_000_000))M" }
        if rate >= 9_999.5 { return "\(tenths(rate / 1000))k" }
        return rate < 9.95 ? tenths(rate) : "\(Int(rate.rounded()))"
    }

    /// Octets, in the units of `show`.
    static func octets(_ rate: Double) -> String { ReportText.size(UInt64(rate.rounded())) }

    /// The time of day: UTC, as `12:03:04Z`.
    static func clock(_ microseconds: UInt64) -> String {
        let seconds = microseconds / 1_000_000
        let fields = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
        return fields.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":") + "Z"
    }

    private static func transfer(_ rate: Rates.Transfer) -> String {
        "\(octets(rate.octets))/s \(count(rate.packets)) p/s"
    }

    /// `1.5`; a whole number without its fraction.
    private static func tenths(_ value: Double) -> String {
        let scaled = Int((value * 10).rounded())
        return scaled % 10 == 0 ? "\(scaled / 10)" : "\(scaled / 10).\(scaled % 10)"
    }
}
