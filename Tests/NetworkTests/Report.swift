// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// What `iptund show --json` prints, as a script would read it: not by the types of the program, whose names may change.
struct Document: Decodable {
    let schema: Int
    let tunnels: [Report]
}

/// One tunnel of a ``Document``.
struct Report: Decodable {
    let name: String
    let state: String
    let problem: String?
    let pid: Int32
    let uptime_seconds: Int
    let mtu: Int
    let underlay_mtu: Int
    let local: String
    let only: String?
    let accept_from: String
    let workers: Int
    let repairs: Int
    let kill_switch: KillSwitch?
    let peers: [Peer]
    let encapsulate: Direction
    let decapsulate: Direction
    let kernel_losses: KernelLosses
    let privilege_shortfalls: [String]

    struct KillSwitch: Decodable {
        let layers: [String]
        let dropped: Int?
    }

    struct Direction: Decodable {
        let received: Int
        let delivered: Int
        let dropped: Int
        /// Of packets without a peer.
        let drops: [String: Int]
        let gso_packets: Int
        let coalesced: Int
        let outer_packets: Int
        let fragmented: Int
        let icmp_errors_sent: Int
        let icmp_errors_rate_limited: Int
        let icmp_errors_received: Int
        let stray_icmp_errors: Int
        let last_icmp_error: String?
        let unexpected_ecn: Int
        let dangerous_ecn: Int
    }

    struct KernelLosses: Decodable {
        let socket: Int
        let device: Int
    }

    struct Peer: Decodable {
        let name: String?
        let host: String?
        /// Absent while the peer's name has no address.
        let endpoint: String?
        /// Why nothing can be sent to it.
        let problem: String?
        let allowed_ips: [String]
        let path_mtu: Int
        let probe: String?
        let liveness: String?
        let proof: String?
        let rtt_microseconds: Int?
        let loss_percent: Int?
        let icmp_errors_received: Int
        let last_icmp_error: String?
        let received: Transfer
        let sent: Transfer
    }

    struct Transfer: Decodable {
        let packets: Int
        let octets: Int
        let drops: [String: Int]
    }
}

/// Reads a JSON text.
func decode<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
}
