// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// The tunnel of most tests: we are 192.0.2.1, 10.1.0.0/16 is ours, and two peers nest their AllowedIPs.
enum Example {
    static let local = IPv4Address(192, 0, 2, 1)
    static let first = PeerIndex(rawValue: 0)
    static let firstEndpoint = IPv4Address(198, 51, 100, 2)
    static let second = PeerIndex(rawValue: 1)
    static let secondEndpoint = IPv4Address(203, 0, 113, 3)

    /// A host behind us, one behind the first peer, one behind the second.
    static let ours = IPv4Address(10, 1, 0, 1)
    static let firsts = IPv4Address(10, 2, 0, 1)
    static let seconds = IPv4Address(10, 2, 7, 1)

    /// What the clock says, milliseconds.
    static let now: UInt64 = 1_000_000

    static func table(acceptance: Peer.Acceptance = .anyAddress) throws -> PeerTable {
        try PeerTable([
            Peer(
                endpoint: firstEndpoint, local: local, acceptance: acceptance,
                allowed: [try prefix("10.2.0.0/16"), try prefix("198.51.100.0/24")]),
            Peer(endpoint: secondEndpoint, local: local, acceptance: acceptance, allowed: [try prefix("10.2.7.0/24")]),
        ])
    }

    static func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }
}

/// An IPv4 packet of given fields, with the header checksum that belongs to it.
struct TestPacket {
    var trafficClass: UInt8 = 0
    /// DF, MF and offset, as they stand in octets 6 and 7.
    var fragment: UInt16 = 0
    var ttl: UInt8 = 64
    var carried = IPProtocol.udp
    var source: IPv4Address
    var destination: IPv4Address
    var options: [UInt8] = []
    var payload = [UInt8](0..<8)

    /// The octets, with the checksum wrong by `error`.
    func bytes(checksumError error: UInt16 = 0) -> [UInt8] {
        let headerLength = 20 + options.count
        let lengths = (first: 0x40 | UInt8(headerLength / 4), total: UInt16(headerLength + payload.count))
        var header = [lengths.first, trafficClass] + lengths.total.octets + (0x1234 as UInt16).octets + fragment.octets
        header += [ttl, carried.rawValue, 0, 0] + source.octets + destination.octets + options
        header.replaceSubrange(10..<12, with: (~naiveSum(header) ^ error).octets)
        return header + payload
    }

    /// What the first peer of the example sends us: this packet in an outer one.
    func wrapped(
        trafficClass: UInt8 = 0, from source: IPv4Address = Example.firstEndpoint,
        to destination: IPv4Address = Example.local
    ) -> [UInt8] {
        TestPacket.outer(around: bytes(), trafficClass: trafficClass, from: source, to: destination).bytes()
    }

    /// An outer packet around any octets.
    static func outer(
        around payload: [UInt8], trafficClass: UInt8 = 0, from source: IPv4Address = Example.firstEndpoint,
        to destination: IPv4Address = Example.local
    ) -> TestPacket {
        TestPacket(
            trafficClass: trafficClass, fragment: 0x4000, carried: .ipip, source: source, destination: destination,
            payload: payload)
    }

    /// From our side to the first peer's.
    static let outbound = TestPacket(source: Example.ours, destination: Example.firsts)
    /// From the first peer's side to ours.
    static let inbound = TestPacket(source: Example.firsts, destination: Example.ours)
}

extension TestPacket {
    /// The same packet with something changed.
    func with(_ change: (inout TestPacket) -> Void) -> TestPacket {
        var copy = self
        change(&copy)
        return copy
    }

    /// The same packet with as much payload as makes `length` octets: all different to the eye.
    func sized(_ length: Int) -> TestPacket {
        with { packet in
            packet.payload = (0..<length - 20 - options.count).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 >> 8) }
        }
    }
}

extension UInt16 {
    /// Most significant first.
    var octets: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xff)] }
}

extension IPv4Address {
    /// As they stand in a header.
    var octets: [UInt8] { UInt16(rawValue >> 16).octets + UInt16(rawValue & 0xffff).octets }
}
