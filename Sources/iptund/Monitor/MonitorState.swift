// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// What `iptund monitor` has seen so far.
struct MonitorState {
    /// The last report.
    private(set) var report: TunnelReport
    /// Between the last two; `nil` until there are two.
    private(set) var rates: Rates?
    /// Seconds between the last two.
    private(set) var seconds = 0.0
    /// Why there was no report the last time.
    private(set) var trouble: String?
    /// By label of a peer.
    private(set) var sent: [String: Sparkline] = [:]
    private(set) var received: [String: Sparkline] = [:]
    /// By direction and reason.
    private(set) var drops: [String: Sparkline] = [:]
    /// Dropped packets, a line for each, the newest last.
    private(set) var samples: [String] = []
    /// Those of the last interval.
    private(set) var newSamples: [String] = []
    /// When the last report was asked for, milliseconds.
    private var time: UInt64

    /// As many as the highest terminals have room for.
    private static let sampleLimit = 200

    /// - Parameter time: milliseconds of ``Linux/Clock``.
    init(_ report: TunnelReport, at time: UInt64) {
        self.report = report
        self.time = time
    }

    /// The next report, and lines for packets that were dropped meanwhile.
    mutating func add(_ next: TunnelReport, samples: [String] = [], at now: UInt64) {
        // Another daemon under the same name counts from 0.
        let isSame = next.pid == report.pid && next.startTimeSeconds == report.startTimeSeconds && now > time
        if isSame {
            seconds = Double(now - time) / 1000
            let rates = Rates(from: report, to: next, seconds: seconds)
            self.rates = rates
            remember(rates)
        } else {
            rates = nil
        }
        (report, time, trouble, newSamples) = (next, now, nil, samples)
        add(samples: samples)
    }

    /// The tunnel was asked, and did not answer.
    mutating func add(trouble: String) { self.trouble = trouble }

    /// Dropped packets of which we have the headers.
    mutating func add(samples more: [String]) {
        samples = Array((samples + more).suffix(MonitorState.sampleLimit))
    }

    /// What a reason is called where directions share a list.
    static func label(_ drop: Rates.Drop) -> String {
        "\(drop.direction.monitored) \(drop.reason)"
    }

    private mutating func remember(_ rates: Rates) {
        // Who is gone is forgotten, so that nothing grows for ever.
        sent = MonitorState.extend(sent, rates.peers.map { ($0.label, $0.sent.octets) })
        received = MonitorState.extend(received, rates.peers.map { ($0.label, $0.received.octets) })
        drops = MonitorState.extend(drops, rates.drops.map { (MonitorState.label($0), $0.rate) })
    }

    private static func extend(_ rows: [String: Sparkline], _ values: [(String, Double)]) -> [String: Sparkline] {
        var extended: [String: Sparkline] = [:]
        for (label, value) in values {
            var row = rows[label] ?? Sparkline()
            row.append(value)
            extended[label] = row
        }
        return extended
    }
}

extension Direction {
    /// What the screen calls it, where room is scarce: `show` says the same.
    var monitored: String {
        switch self {
        case .encapsulate: "sent"
        case .decapsulate: "received"
        }
    }
}
