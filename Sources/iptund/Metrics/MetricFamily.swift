// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// One metric: what it is called, what it means, and where its values come from.
struct MetricFamily: Sendable {
    let name: String
    let kind: Kind
    /// One sentence for people, without units that the name has already.
    let help: String
    /// The names of its labels, in the order in which they are printed.
    let labels: [String]
    /// What it is for these tunnels, in a stable order.
    let samples: @Sendable (MetricsInput) -> [Sample]

    /// How Prometheus treats it.
    enum Kind: String {
        /// Only grows, and begins at 0 with the tunnel.
        case counter
        /// Goes up and down.
        case gauge
    }

    /// One value and what it is of.
    struct Sample: Equatable {
        /// As many as the metric has names of labels.
        let labels: [String]
        let value: Double

        init(_ labels: [String], _ value: Double) {
            self.labels = labels
            self.value = value
        }
    }
}

/// What metrics are made of.
struct MetricsInput {
    /// The version of this program.
    let version: String
    /// Tunnels that answered, by name.
    let reports: [TunnelReport]
    /// Tunnels that are there and did not answer, by name.
    let unreadable: [String]
    /// The time, seconds since 1970.
    let now: Double

    init(version: String, reports: [TunnelReport], unreadable: [String], now: Double) {
        self.version = version
        self.reports = reports.sorted { $0.name < $1.name }
        // The directory of another network's tunnel may have the name of one of ours.
        self.unreadable = Set(unreadable).subtracting(reports.map(\.name)).sorted()
        self.now = now
    }
}

// The usual shapes.
extension MetricFamily {
    /// A value of each tunnel.
    static func tunnel(
        _ name: String, _ kind: Kind, _ help: String, _ value: @escaping @Sendable (TunnelReport) -> Double?
    ) -> MetricFamily {
        MetricFamily(name: "iptund_tunnel_\(name)", kind: kind, help: help, labels: ["tunnel"]) { input in
            input.reports.compactMap { report in value(report).map { Sample([report.name], $0) } }
        }
    }

    /// A counter of each direction of each tunnel.
    static func direction(
        _ name: String, _ help: String, _ value: @escaping @Sendable (TunnelReport.Direction) -> UInt64
    ) -> MetricFamily {
        let labels = ["tunnel", "direction"]
        return MetricFamily(name: "iptund_tunnel_\(name)", kind: .counter, help: help, labels: labels) { input in
            input.reports.flatMap { report in
                report.directions.map { Sample([report.name, $0.name.rawValue], Double(value($0.values))) }
            }
        }
    }

    /// A value of each peer; `nil` where it is not known.
    static func peer(
        _ name: String, _ kind: Kind, _ help: String,
        _ value: @escaping @Sendable (TunnelReport.Peer, MetricsInput) -> Double?
    ) -> MetricFamily {
        MetricFamily(name: "iptund_peer_\(name)", kind: kind, help: help, labels: ["tunnel", "peer"]) { input in
            input.reports.flatMap { report in
                zip(report.peerLabels, report.peers).compactMap { label, peer in
                    value(peer, input).map { Sample([report.name, label], $0) }
                }
            }
        }
    }

    /// A counter of each direction of each peer.
    static func transfer(
        _ name: String, _ help: String, _ value: @escaping @Sendable (TunnelReport.Transfer) -> UInt64
    ) -> MetricFamily {
        let labels = ["tunnel", "peer", "direction"]
        return MetricFamily(name: "iptund_peer_\(name)", kind: .counter, help: help, labels: labels) { input in
            input.reports.flatMap { report in
                zip(report.peerLabels, report.peers).flatMap { label, peer in
                    peer.directions.map { Sample([report.name, label, $0.name.rawValue], Double(value($0.values))) }
                }
            }
        }
    }
}

extension TunnelReport {
    /// Both directions, and what they are called.
    var directions: [(name: Tunnel.Direction, values: Direction)] {
        [(.encapsulate, encapsulate), (.decapsulate, decapsulate)]
    }

    /// What each peer is called in metrics: its name, its host name or its address.
    ///
    /// No two are the same: where they would be, the first prefix behind the peer tells them apart, which no other has.
    var peerLabels: [String] {
        var taken: Set<String> = []
        return peers.enumerated().map { index, peer in
            let plain = peer.name ?? peer.host ?? peer.endpoint ?? "?"
            var label = plain
            if taken.contains(label) { label = "\(plain) (\(peer.allowedIPs.first ?? "\(index)"))" }
            if taken.contains(label) { label = "\(plain) (\(index))" }
            taken.insert(label)
            return label
        }
    }
}

extension TunnelReport.Peer {
    /// What was sent to it and received from it, by direction.
    var directions: [(name: Direction, values: TunnelReport.Transfer)] {
        [(.encapsulate, sent), (.decapsulate, received)]
    }
}
