// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Tunnel

/// One interval of `iptund monitor --json`: one object in one line.
struct MonitorDocument: Codable, Equatable {
    var schema = DocumentSchema.version
    var tunnel: String
    var state: TunnelReport.State
    var problem: String?
    /// The end of the interval, seconds since 1970.
    var time: Double
    /// How long it was; absent together with all rates when the tunnel has just started anew.
    var seconds: Double?
    /// Absent where only drops are asked for.
    var peers: [Peer]?
    /// Absent where only peers are asked for.
    var drops: [Drop]?
    var kernelLossesPerSecond: Double?
    /// Some of the packets that were dropped in this interval, decoded; absent unless only drops are asked for.
    var samples: [String]?

    struct Peer: Codable, Equatable {
        var peer: String
        var sent: Transfer
        var received: Transfer
        var dropsPerSecond: Double
        var lastReceivedSecondsAgo: UInt64?

        private enum CodingKeys: String, CodingKey {
            case peer, sent, received
            case dropsPerSecond = "drops_per_second"
            case lastReceivedSecondsAgo = "last_received_seconds_ago"
        }
    }

    struct Transfer: Codable, Equatable {
        var packetsPerSecond: Double
        var octetsPerSecond: Double

        private enum CodingKeys: String, CodingKey {
            case packetsPerSecond = "packets_per_second"
            case octetsPerSecond = "octets_per_second"
        }

        init(_ rate: Rates.Transfer) {
            packetsPerSecond = rounded(rate.packets)
            octetsPerSecond = rounded(rate.octets)
        }
    }

    struct Drop: Codable, Equatable {
        var direction: String
        var reason: String
        var perSecond: Double
        var total: UInt64

        private enum CodingKeys: String, CodingKey {
            case direction, reason, total
            case perSecond = "per_second"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case schema, tunnel, state, problem, time, seconds, peers, drops, samples
        case kernelLossesPerSecond = "kernel_losses_per_second"
    }

    /// - Parameter time: microseconds since 1970.
    init(_ state: MonitorState, _ parts: MonitorParts, at time: UInt64) {
        tunnel = state.report.name
        self.state = state.report.state
        problem = state.report.problem
        self.time = rounded(Double(time) / 1_000_000)
        samples = parts == .drops ? state.newSamples : nil
        guard let rates = state.rates else { return }
        seconds = state.seconds
        if parts.contains(.peers) {
            peers = rates.peers.map {
                Peer(
                    peer: $0.label, sent: Transfer($0.sent), received: Transfer($0.received),
                    dropsPerSecond: rounded($0.drops), lastReceivedSecondsAgo: $0.lastReceivedSecondsAgo)
            }
        }
        if parts.contains(.drops) {
            drops = rates.drops.map {
                Drop(direction: $0.direction.rawValue, reason: $0.reason, perSecond: rounded($0.rate), total: $0.total)
            }
            kernelLossesPerSecond = rounded(rates.kernelLosses)
        }
    }

    /// In one line, keys in a stable order.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

/// To a thousandth: more digits than that are of the clock's.
private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
