// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Tunnel
internal import Wire

/// What a tunnel says about itself: the answer to `show`, and one element of `show --json`.
///
/// Names are those of the sources; drops are keyed by ``Drop/name`` and leave out reasons that never occurred.
struct TunnelReport: Codable, Equatable {
    var name: String
    /// The device, which may be called otherwise.
    var device: String
    var state: State
    /// Why it is degraded.
    var problem: String?
    /// The daemon's process.
    var pid: Int32
    /// The inode of the network namespace that the tunnel lives in.
    var namespace: UInt64
    var uptimeSeconds: UInt64
    /// When it came up, seconds since 1970 by the clock of that moment; absent from a daemon that does not say it yet.
    var startTimeSeconds: UInt64?
    var mtu: Int
    /// The longest outer packet that the way to some peer takes; 0 while there is none.
    var underlayMTU: Int
    var local: String
    /// What outer packets are marked with; absent from a daemon of a version before.
    var mark: PacketMark?
    /// The one way that it carries, if it does not carry both.
    var only: String?
    /// How many pairs of threads share the flows.
    var workers = 1
    /// Whom packets are taken from.
    var acceptFrom = "peers"
    var peers: [Peer]
    var encapsulate: Direction
    var decapsulate: Direction
    /// What the kernel dropped before we saw it.
    var kernelLosses = KernelLosses()
    /// How often something of the tunnel was made again that another program had removed or changed; absent from a daemon
    /// without a keeper.
    var repairs: UInt64?
    /// What keeps its packets from leaving by another way; absent without a kill switch.
    var killSwitch: KillSwitchNews?
    /// What this process could not give away, and why.
    var privilegeShortfalls: [String]

    private enum CodingKeys: String, CodingKey {
        case name, device, state, problem, pid, namespace, mtu, local, only, workers, repairs, peers, encapsulate,
            decapsulate
        case mark = "fwmark"
        case killSwitch = "kill_switch"
        case acceptFrom = "accept_from"
        case kernelLosses = "kernel_losses"
        case uptimeSeconds = "uptime_seconds"
        case startTimeSeconds = "start_time_seconds"
        case underlayMTU = "underlay_mtu"
        case privilegeShortfalls = "privilege_shortfalls"
    }

    enum State: String, Codable {
        /// Packets can pass.
        case up
        /// They cannot: ``problem`` says why.
        case degraded
    }

    /// All packets of one direction. When all is quiet, received = delivered + dropped.
    struct Direction: Codable, Equatable {
        var received: UInt64
        var delivered: UInt64
        var dropped: UInt64
        /// Drops of packets that belonged to no peer, by reason.
        var drops: [String: UInt64]
        /// Packets that stood for several: cut before they were sent, or merged by the kernel before we got them.
        var gsoPackets: UInt64 = 0
        /// Superpackets that we made ourselves before we handed them to the kernel.
        var coalesced: UInt64 = 0
        /// Outer packets that were sent: segments and fragments each count.
        var outerPackets: UInt64 = 0
        /// Packets that were cut into fragments.
        var fragmented: UInt64 = 0
        /// ICMP errors that we sent to senders of inner packets.
        var icmpErrorsSent: UInt64 = 0
        /// ICMP errors that would have been too many.
        var icmpErrorsRateLimited: UInt64 = 0
        /// ICMP errors about our outer packets.
        var icmpErrorsReceived: UInt64
        /// ICMP errors about outer packets that are not ours.
        var strayICMPErrors: UInt64 = 0
        var lastICMPError: String?
        /// Packets under an ECN that nobody uses.
        var unexpectedECN: UInt64 = 0
        /// Packets under an ECN that they do not have themselves.
        var dangerousECN: UInt64 = 0

        private enum CodingKeys: String, CodingKey {
            case received, delivered, dropped, drops, coalesced, fragmented
            case gsoPackets = "gso_packets"
            case outerPackets = "outer_packets"
            case icmpErrorsSent = "icmp_errors_sent"
            case icmpErrorsRateLimited = "icmp_errors_rate_limited"
            case strayICMPErrors = "stray_icmp_errors"
            case unexpectedECN = "unexpected_ecn"
            case dangerousECN = "dangerous_ecn"
            case icmpErrorsReceived = "icmp_errors_received"
            case lastICMPError = "last_icmp_error"
        }
    }

    /// Packets that the kernel dropped because we did not take them in time.
    struct KernelLosses: Codable, Equatable {
        /// At the raw socket: from the network.
        var socket: UInt64 = 0
        /// At the device: from this host.
        var device: UInt64 = 0
    }

    struct Peer: Codable, Equatable {
        /// What people call it.
        var name: String?
        /// The host name that it was given by.
        var host: String?
        /// Its outer address; absent while the name has none.
        var endpoint: String?
        /// Our outer address towards it; absent while there is no way to it.
        var local: String?
        /// Why nothing can be sent to it.
        var problem: String?
        var allowedIPs: [String]
        /// The longest outer packet that reaches the peer, as far as is known.
        var pathMTU: Int
        /// ICMP errors about outer packets to it.
        var icmpErrorsReceived: UInt64 = 0
        var lastICMPError: String?
        /// An inner address at it that answers ICMP echo requests, if somebody named one.
        var probe: String?
        /// Whether it is there, as far as is known.
        var liveness: PeerState?
        /// What the last reply has proved, absent when there was none.
        var proof: Proof?
        /// From question to reply, smoothed, microseconds; absent when there was none.
        var rttMicroseconds: UInt64?
        /// How many of the last questions, 16 at most, had no reply, percent; absent when none was asked.
        var lossPercent: Int?
        /// Seconds since the last packet from the peer; absent when there was none.
        var lastReceivedSecondsAgo: UInt64?
        var received: Transfer
        var sent: Transfer

        private enum CodingKeys: String, CodingKey {
            case name, host, endpoint, local, problem, probe, liveness, proof, received, sent
            case allowedIPs = "allowed_ips"
            case pathMTU = "path_mtu"
            case icmpErrorsReceived = "icmp_errors_received"
            case lastICMPError = "last_icmp_error"
            case rttMicroseconds = "rtt_microseconds"
            case lossPercent = "loss_percent"
            case lastReceivedSecondsAgo = "last_received_seconds_ago"
        }
    }

    /// What is known of a peer.
    enum PeerState: String, Codable, CaseIterable {
        /// Something came from it a short while ago.
        case up
        /// It does not answer every question.
        case degraded
        /// It is silent, and does not answer.
        case down
        /// It is silent, and nobody asks it.
        case unknown
    }

    /// Which ways a reply came.
    enum Proof: String, Codable {
        /// There through the tunnel, and back by it.
        case bothLegs = "both legs"
        /// There through the tunnel, and back beside it.
        case oneLeg = "one leg"
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
    var schema = DocumentSchema.version
    var tunnels: [TunnelReport]

    /// As JSON, keys in a stable order.
    func json(pretty: Bool) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Reads what ``json(pretty:)`` wrote.
    /// - Throws: `Errno.protocolNotSupported` when it has another ``DocumentSchema/version``.
    init(json: [UInt8]) throws {
        try DocumentSchema.check(Data(json))
        self = try JSONDecoder().decode(ReportDocument.self, from: Data(json))
    }

    init(tunnels: [TunnelReport]) { self.tunnels = tunnels }
}
