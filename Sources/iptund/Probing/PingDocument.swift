// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import FoundationEssentials
internal import Wire

/// What `iptund ping --json` prints. Times are in microseconds, lengths in octets.
struct PingDocument: Encodable, Equatable {
    let schema = DocumentSchema.version
    let tunnel: String?
    let peer: String
    let endpoint: String
    let target: String?
    /// Why that address is asked.
    let targetReason: String?
    let answered: Bool
    /// The part of the way that fails, see ``PeerProbe/Leg``.
    let leg: String
    /// Whether only the outbound direction is confirmed: the replies came beside the tunnel.
    let outboundOnly: Bool
    let inner: Attempt
    let outer: Attempt
    let udp: Attempt
    let hairpin: Attempt
    let icmpErrors: [String]
    let unexpectedReplies: Int
    let duplicates: Int
    let mtu: Size?
    let evidence: [String]

    struct Attempt: Encodable, Equatable {
        let sent: Int
        let answered: Int
        let minimum: UInt64?
        let average: UInt64?
        let maximum: UInt64?

        private enum CodingKeys: String, CodingKey {
            case sent, answered
            case minimum = "min_us"
            case average = "avg_us"
            case maximum = "max_us"
        }
    }

    struct Size: Encodable, Equatable {
        let device: Int
        let largest: Int
        let reported: Int?
        let blackHole: Bool

        private enum CodingKeys: String, CodingKey {
            case device, largest, reported
            case blackHole = "black_hole"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case schema, tunnel, peer, endpoint, target, answered, leg, inner, outer, udp, hairpin, duplicates, mtu
        case evidence
        case targetReason = "target_reason"
        case outboundOnly = "outbound_only"
        case icmpErrors = "icmp_errors"
        case unexpectedReplies = "unexpected_replies"
    }

    init(_ probe: PeerProbe) {
        (tunnel, peer, endpoint) = (probe.tunnel, probe.peer, "\(probe.endpoint)")
        target = probe.target.map { "\($0.address)" }
        targetReason = probe.target?.reason
        (answered, leg, outboundOnly) = (probe.isAnswered, probe.leg.rawValue, probe.isOneWay)
        (inner, outer) = (Attempt(probe.inner), Attempt(probe.outer))
        (udp, hairpin) = (Attempt(probe.datagrams), Attempt(probe.hairpin))
        icmpErrors = probe.reports.map { "\($0.type)/\($0.code) from \($0.offender)" }
        (unexpectedReplies, duplicates) = (probe.oddReplies, probe.duplicates)
        mtu = probe.size.map { Size(device: $0.limit, largest: $0.largest, reported: $0.told, blackHole: $0.isHole) }
        evidence = probe.evidence
    }

    /// As JSON, keys in a stable order.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

extension PingDocument.Attempt {
    init(_ attempt: PeerProbe.Attempt) {
        (sent, answered) = (attempt.sent, attempt.answered)
        (minimum, average) = (attempt.roundTrip?.shortest, attempt.roundTrip?.mean)
        maximum = attempt.roundTrip?.longest
    }
}
