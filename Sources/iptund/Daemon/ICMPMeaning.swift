// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// What an ICMP error about an outer packet means for a tunnel (RFC 792, RFC 1812 §5.2.7, RFC 2003 §4).
extension ICMPReport {
    /// The meaning, the numbers, and who said so.
    var description: String { "\(explanation) (ICMP \(type)/\(code) from \(offender))" }

    /// The meaning, and the MTU that came with it.
    var explanation: String {
        type == 3 && code == 4 ? "\(meaning), which takes \(nextHopMTU == 0 ? "less" : "\(nextHopMTU)")" : meaning
    }

    /// What it means: one of a few sentences.
    var meaning: String {
        switch (type, code) {
        case (3, 0): "network unreachable"
        case (3, 1): "peer unreachable"
        case (3, 2): "the peer takes no IP-in-IP: nothing decapsulates there"
        case (3, 3): "refused: by a firewall, or by a kernel that has no tunnel for this host"
        case (3, 4):
            "an outer packet is too long for the path"
        case (3, 9), (3, 10), (3, 13): "a firewall forbids protocol 4"
        case (3, _): "destination unreachable"
        case (11, 0): "the outer TTL ran out: a routing loop, or a TTL that is too low"
        default: "an error"
        }
    }
}
