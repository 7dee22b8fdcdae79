// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// The headers of packets that a tunnel dropped lately, decoded, a line for each.
///
/// Asked for once an interval and not as they come: a flood of drops shows a sample of itself, and costs no more than that.
final class MonitorSamples {
    private var source: DropSamples

    /// How many lines there are for an interval at most.
    private static let limit = 50

    /// Asks the tunnel to show what it drops. Who may `show` may see this too.
    init(_ name: String, directory: String?) throws(Complaint) {
        source = try DropSamples.open(name, directory: directory)
    }

    /// What came since the last time, the newest last; none when there is nothing more to come.
    func next() -> [String] {
        var lines: [String] = []
        var interests = [source.interest]
        while lines.count < MonitorSamples.limit, !source.isOver {
            try? Poll.wait(for: &interests, timeoutMilliseconds: 0)
            guard interests[0].isReady, let more = try? source.next() else { break }
            lines += more.map { "\(MonitorText.clock($0.time)) \($0.direction.monitored) \($0.line)" }
        }
        return lines.suffix(MonitorSamples.limit)
    }
}
