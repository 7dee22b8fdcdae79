// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// A captured packet, field by field, for people (RFC 791 §3.1, RFC 2003 §3.1).
enum Dissection {
    /// The lines of an outer packet and the inner one; `nil` when it is not IPv4 in IPv4.
    static func lines(_ bytes: [UInt8]) -> [String]? {
        guard let outer = try? IPv4Packet(bytes.octets), outer.protocolNumber == .ipip,
            let inner = try? IPv4Packet(outer.payload)
        else { return nil }
        return ["outer header, what iptund added:"] + header(outer) + [
            "inner packet, as it was routed into the tunnel:"
        ]
            + header(inner) + payload(inner)
    }

    private static func header(_ packet: borrowing IPv4Packet) -> [String] {
        let dscp = packet.trafficClass >> 2
        let isValid = packet.hasValidHeaderChecksum
        let flags = [packet.dontFragment ? "DF" : nil, packet.moreFragments ? "MF" : nil].compactMap(\.self)
        return [
            row("version, header length", "4, \(packet.headerLength) octets"),
            row("traffic class", "DSCP \(dscp), ECN \(name(packet.ecn))"),
            row("total length", "\(packet.totalLength) octets"),
            row("identification", "\(packet.identification)"),
            row(
                "flags, fragment offset",
                "\(flags.joined(separator: " ").isEmpty ? "none" : flags.joined(separator: " ")), "
                    + "\(packet.fragmentOffset)"),
            row("TTL", "\(packet.ttl)"),
            row("protocol", "\(packet.protocolNumber.rawValue) (\(packet.protocolNumber))"),
            row("header checksum", "\(hex(packet.headerChecksum)), \(isValid ? "correct" : "wrong")"),
            row("source", "\(packet.source)"),
            row("destination", "\(packet.destination)"),
        ]
    }

    private static func payload(_ packet: borrowing IPv4Packet) -> [String] {
        let payload = packet.payload
        guard packet.protocolNumber == .icmp, payload.byteCount >= 8 else {
            return [row("payload", "\(payload.byteCount) octets")]
        }
        let type = payload.octet(at: 0)
        let kind = type == 8 ? "echo request" : type == 0 ? "echo reply" : "type \(type)"
        let number = payload.uint16(at: 6)
        return [row("ICMP", "\(kind), sequence \(number), \(payload.byteCount) octets")]
    }

    private static func name(_ ecn: ECN) -> String {
        switch ecn {
        case .notECT: "Not-ECT"
        case .ect0: "ECT(0)"
        case .ect1: "ECT(1)"
        case .ce: "CE"
        }
    }

    private static func hex(_ value: UInt16) -> String {
        let digits = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func row(_ label: String, _ value: String) -> String {
        "    " + label + String(repeating: " ", count: max(1, 26 - label.count)) + value
    }
}
