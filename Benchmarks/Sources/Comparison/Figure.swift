// SPDX-License-Identifier: Apache-2.0

/// What is measured of each subject in each round. The raw values are the names in saved results: append, never rename.
package enum Figure: String, CaseIterable, Codable, Sendable {
    case tcp = "tcp-gbps"
    case tcpRetransmits = "tcp-retransmits"
    case tcp4 = "tcp4-gbps"
    case tcp4Retransmits = "tcp4-retransmits"
    case tcpReverse = "tcp-reverse-gbps"
    case tcpReverseRetransmits = "tcp-reverse-retransmits"
    case udp64 = "udp64-received-pps"
    case udp64Loss = "udp64-loss-percent"
    case udp1400 = "udp1400-received-pps"
    case udp1400Loss = "udp1400-loss-percent"
    case pacedLoss = "paced-loss-percent"
    case pingMedian = "ping-p50-us"
    case ping99 = "ping-p99-us"
    case pingMaximum = "ping-max-us"
    /// User and system time of the tunnel's own processes, per 10^9 octets that TCP delivered over one stream.
    case tunnelCPU = "tunnel-cpu-s-per-gb"
    /// What the whole system was busy meanwhile: it holds the tunnel, iperf3, the kernel, and whoever else was at work.
    case systemCPU = "system-cpu-s-per-gb"
    /// The same without whoever else was at work: what is left are the tunnel, iperf3, and the kernel.
    case undisturbedCPU = "undisturbed-cpu-s-per-gb"

    /// What a difference in this figure means.
    package enum Sense: Sendable { case higherIsBetter, lowerIsBetter }

    package var sense: Sense {
        switch self {
        case .tcp, .tcp4, .tcpReverse, .udp64, .udp1400: .higherIsBetter
        default: .lowerIsBetter
        }
    }

    /// Whether a ratio of two values says something. Counts of rare events are often zero, and their ratios noise.
    package var hasRatio: Bool {
        switch self {
        case .tcpRetransmits, .tcp4Retransmits, .tcpReverseRetransmits, .udp64Loss, .udp1400Loss, .pacedLoss: false
        default: true
        }
    }

    /// Its column's title.
    package var title: String {
        switch self {
        case .tcp: "1 stream"
        case .tcp4: "4 streams"
        case .tcpReverse: "reverse"
        case .tcpRetransmits: "1 stream"
        case .tcp4Retransmits: "4 streams"
        case .tcpReverseRetransmits: "reverse"
        case .udp64: "64: received/s"
        case .udp64Loss: "64: loss %"
        case .udp1400: "1400: received/s"
        case .udp1400Loss: "1400: loss %"
        case .pacedLoss: "paced: loss %"
        case .pingMedian: "p50"
        case .ping99: "p99"
        case .pingMaximum: "max"
        case .tunnelCPU: "own processes"
        case .systemCPU: "whole system"
        case .undisturbedCPU: "system without others"
        }
    }

    /// Its name where no heading says what kind of figure it is.
    package var fullTitle: String {
        switch self {
        case .tcp, .tcp4, .tcpReverse: "TCP \(title), Gb/s"
        case .tcpRetransmits, .tcp4Retransmits, .tcpReverseRetransmits: "TCP \(title), retransmits"
        case .udp64, .udp64Loss, .udp1400, .udp1400Loss, .pacedLoss: "UDP \(title)"
        case .pingMedian, .ping99, .pingMaximum: "ping \(title), µs"
        case .tunnelCPU, .systemCPU, .undisturbedCPU: "CPU s/GB, \(title)"
        }
    }

    /// Its title where many columns stand side by side.
    package var shortTitle: String {
        switch self {
        case .tcp: "TCP 1"
        case .tcp4: "TCP 4"
        case .tcpReverse: "TCP rev"
        case .udp64: "UDP 64"
        case .udp1400: "UDP 1400"
        case .pingMedian, .ping99, .pingMaximum: "ping \(title)"
        case .tunnelCPU: "CPU own"
        case .systemCPU: "CPU all"
        case .undisturbedCPU: "CPU w/o others"
        default: fullTitle
        }
    }

    /// A value as it is printed: about three significant digits.
    package func text(_ value: Double) -> String {
        let decimals =
            switch (self, abs(value)) {
            case (.tcpRetransmits, _), (.tcp4Retransmits, _), (.tcpReverseRetransmits, _), (_, 0): 0
            case (_, ..<10): 2
            case (_, ..<100): 1
            default: 0
            }
        return Decimals.text(value, decimals)
    }
}

/// Figures that are printed together, under one heading.
package struct FigureGroup: Sendable {
    package let title: String
    package let figures: [Figure]

    package static let all = [
        FigureGroup(title: "TCP, Gb/s", figures: [.tcp, .tcp4, .tcpReverse]),
        FigureGroup(
            title: "TCP, retransmitted segments", figures: [.tcpRetransmits, .tcp4Retransmits, .tcpReverseRetransmits]),
        FigureGroup(
            title: "UDP, packets of 64 and 1400 octets, as fast as it goes; and 1400 at a pace that is easy",
            figures: [.udp64, .udp64Loss, .udp1400, .udp1400Loss, .pacedLoss]),
        FigureGroup(title: "Ping when idle, µs", figures: [.pingMedian, .ping99, .pingMaximum]),
        FigureGroup(
            title: "CPU seconds per GB, during TCP with 1 stream",
            figures: [.tunnelCPU, .undisturbedCPU, .systemCPU]),
    ]
}
