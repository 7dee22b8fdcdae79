// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// A packet, or its beginning, in one line for people.
///
/// `192.0.2.1 > 192.0.2.2: ipip 10.0.0.1 > 10.0.0.2: icmp echo request, 84 octets, ttl 64`
enum Dissector {
    /// The line for a packet of `length` octets that begins with `octets`. Anything may stand there: nothing is believed.
    static func line(_ octets: [UInt8], length: Int) -> String { packet(octets.octets, length, depth: 0) }

    /// Headers of packets inside of packets that are looked at.
    private static let deepest = 4

    private static func packet(_ bytes: RawSpan, _ length: Int, depth: Int) -> String {
        guard bytes.byteCount > 0 else { return "nothing" }
        let version = bytes.octet(at: 0) >> 4
        let headerLength = Int(bytes.octet(at: 0) & 0xf) * 4
        guard version == 4, bytes.byteCount >= 20, headerLength >= 20 else {
            return version == 6 ? "IPv6, \(length) octets" : "no IPv4 packet, \(length) octets"
        }
        let ends = "\(IPv4Address(rawValue: bytes.uint32(at: 12))) > \(IPv4Address(rawValue: bytes.uint32(at: 16)))"
        let payload = bytes.extracting(min(headerLength, bytes.byteCount)..<bytes.byteCount)
        let fragment = bytes.uint16(at: 6)
        let offset = Int(fragment & 0x1fff) * 8
        let carried = IPProtocol(rawValue: bytes.octet(at: 9))
        if carried == .ipip, offset == 0, depth < deepest {
            return "\(ends): ipip " + packet(payload, max(0, length - headerLength), depth: depth + 1)
        }
        var parts = [offset > 0 ? "\(carried)".lowercased() : transport(carried, payload)]
        if fragment & 0x3fff != 0 { parts.append("fragment at \(offset)") }
        return "\(ends): " + (parts + ["\(length) octets", "ttl \(bytes.octet(at: 8))"]).joined(separator: ", ")
    }

    private static func transport(_ carried: IPProtocol, _ payload: RawSpan) -> String {
        switch carried {
        case .icmp where payload.byteCount >= 2:
            "icmp \(icmp(type: payload.octet(at: 0), code: payload.octet(at: 1)))"
        case .udp where payload.byteCount >= 4: "udp \(ports(payload))"
        case .tcp where payload.byteCount >= 14: "tcp \(ports(payload)) \(flags(payload.octet(at: 13)))"
        default: "\(carried)".lowercased()
        }
    }

    private static func ports(_ payload: RawSpan) -> String { "\(payload.uint16(at: 0)) > \(payload.uint16(at: 2))" }

    /// RFC 792.
    private static func icmp(type: UInt8, code: UInt8) -> String {
        switch (type, code) {
        case (0, _): "echo reply"
        case (8, _): "echo request"
        case (3, 0): "network unreachable"
        case (3, 1): "host unreachable"
        case (3, 2): "protocol unreachable"
        case (3, 3): "port unreachable"
        case (3, 4): "fragmentation needed"
        case (3, _): "unreachable, code \(code)"
        case (11, _): "time exceeded"
        default: "type \(type), code \(code)"
        }
    }

    /// RFC 9293 §3.1, from the lowest bit on.
    private static func flags(_ octet: UInt8) -> String {
        let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"]
        let set = names.indices.filter { octet & 1 << UInt8($0) != 0 }.map { names[$0] }
        return set.isEmpty ? "no flags" : set.joined(separator: " ")
    }
}

extension Dissector {
    /// A packet and what became of it: which way it went, its outer form if it has one, and why it was dropped.
    static func line(_ record: PacketRecord) -> String {
        let view = record.direction == .encapsulate ? record.went ?? record.came : record.came
        let remark = remark(record).map { " (\($0))" } ?? ""
        return "\(clock(record.time)) \(record.direction.rawValue) \(line(view.octets, length: view.length))\(remark)"
    }

    /// What the packet alone does not tell.
    static func remark(_ record: PacketRecord) -> String? {
        if let drop = record.drop { return "dropped: \(drop.name): \(drop.explanation.sentence)" }
        switch record.form {
        case .whole: return nil
        case .superpacket(let size): return "superpacket, segments of \(size) octets"
        case .innerFragments: return "sent as fragments of the inner packet"
        case .outerFragments: return "sent as fragments of the outer packet"
        }
    }

    /// The time of day in UTC.
    private static func clock(_ time: UInt64) -> String {
        let (seconds, fraction) = time.quotientAndRemainder(dividingBy: 1_000_000)
        let parts = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }
        return "\(parts.joined(separator: ":")).\(padded(fraction, 6))"
    }

    private static func padded(_ number: UInt64, _ count: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
