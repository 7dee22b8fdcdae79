// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

/// What a tunnel says about itself: the answer to `show`, and one element of `show --json`.
///
/// Names are those of the sources; drops are keyed by ``Drop/name`` and leave out reasons that never occurred.
struct TunnelReport: Codable, Equatable {
    var name: String
    var state: State
    /// The daemon's process.
    var pid: Int32
    /// The inode of the network namespace that the tunnel lives in.
    var namespace: UInt64
    var uptimeSeconds: UInt64
    var mtu: Int
    /// The longest outer packet that the route to the peer took when the tunnel was set up.
    var underlayMTU: Int
    var local: String
    var peers: [Peer]
    var encapsulate: Direction
    var decapsulate: Direction
    /// What this process could not give away, and why.
    var privilegeShortfalls: [String]

    private enum CodingKeys: String, CodingKey {
        case name, state, pid, namespace, mtu, local, peers, encapsulate, decapsulate
        case uptimeSeconds = "uptime_seconds"
        case underlayMTU = "underlay_mtu"
        case privilegeShortfalls = "privilege_shortfalls"
    }

    enum State: String, Codable {
        /// Packets can pass.
        case up
        /// Somebody switched the device off.
        case degraded
    }

    /// All packets of one direction. When all is quiet, received = delivered + dropped.
    struct Direction: Codable, Equatable {
        var received: UInt64
        var delivered: UInt64
        var dropped: UInt64
        /// Drops of packets that belonged to no peer, by reason.
        var drops: [String: UInt64]
        /// ICMP errors about our outer packets.
        var icmpErrors: UInt64
        var lastICMPError: String?

        private enum CodingKeys: String, CodingKey {
            case received, delivered, dropped, drops
            case icmpErrors = "icmp_errors"
            case lastICMPError = "last_icmp_error"
        }
    }

    struct Peer: Codable, Equatable {
        var name: String?
        var endpoint: String
        var allowedIPs: [String]
        /// Seconds since the last packet from the peer; absent when there was none.
        var lastReceivedSecondsAgo: UInt64?
        var received: Transfer
        var sent: Transfer

        private enum CodingKeys: String, CodingKey {
            case name, endpoint, received, sent
            case allowedIPs = "allowed_ips"
            case lastReceivedSecondsAgo = "last_received_seconds_ago"
        }
    }

    /// Inner packets that passed, their octets, and those that were dropped.
    struct Transfer: Codable, Equatable {
        var packets: UInt64
        var octets: UInt64
        var drops: [String: UInt64]
    }
}

/// The document around reports, with the version of its shape.
struct ReportDocument: Codable, Equatable {
    /// Grows by one when a reader of the last shape would misunderstand.
    var schema = 1
    var tunnels: [TunnelReport]

    /// As JSON, keys in a stable order.
    func json(pretty: Bool) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Reads what ``json(pretty:)`` wrote.
    init(json: [UInt8]) throws {
        self = try JSONDecoder().decode(ReportDocument.self, from: Data(json))
    }

    init(tunnels: [TunnelReport]) { self.tunnels = tunnels }
}
