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
}

extension UInt16 {
    /// Most significant first.
    var octets: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xff)] }
}

extension IPv4Address {
    /// As they stand in a header.
    var octets: [UInt8] { UInt16(rawValue >> 16).octets + UInt16(rawValue & 0xffff).octets }
}

/// What the rules made of one packet.
struct Outcome: Equatable {
    /// Why it was dropped; `nil` when it goes on.
    var drop: Drop?
    /// What is in the slot now.
    var bytes: [UInt8]
    /// Where that starts, counted from the start of the packet as it was given.
    var start: Int
    var peer: PeerIndex?
    var outer: OuterFields?
    var checksum: ChecksumState
    var segmentSize: Int
    var fate: PacketSlot.Fate
}

/// A batch of one slot that many packets may pass through, one after the other.
struct Bench: ~Copyable {
    private var batch = PacketBatch(capacity: 1)

    mutating func encapsulate(
        _ packet: [UInt8], by rules: Encapsulation, checksum: ChecksumState = .unknown, segmentSize: Int = 0
    ) -> Outcome {
        load(packet, checksum: checksum, segmentSize: segmentSize)
        do throws(Drop) {
            try rules.apply(to: &batch[0])
            return outcome(nil)
        } catch {
            return outcome(error)
        }
    }

    mutating func decapsulate(_ packet: [UInt8], by rules: Decapsulation) -> Outcome {
        load(packet, checksum: .unknown, segmentSize: 0)
        do throws(Drop) {
            try rules.apply(to: &batch[0])
            return outcome(nil)
        } catch {
            return outcome(error)
        }
    }

    private mutating func load(_ packet: [UInt8], checksum: ChecksumState, segmentSize: Int) {
        unsafe batch[0].copy(packet.span.bytes)
        batch[0].checksum = checksum
        batch[0].segmentSize = segmentSize
    }

    private func outcome(_ drop: Drop?) -> Outcome {
        Outcome(
            drop: drop, bytes: octets(batch[0].bytes), start: batch[0].offset - PacketSlot.headroom,
            peer: batch[0].peer, outer: batch[0].outer, checksum: batch[0].checksum,
            segmentSize: batch[0].segmentSize, fate: batch[0].fate)
    }
}

/// One packet through the rules of the encapsulating side.
func encapsulate(
    _ packet: [UInt8], by rules: Encapsulation, checksum: ChecksumState = .unknown, segmentSize: Int = 0
) -> Outcome {
    var bench = Bench()
    return bench.encapsulate(packet, by: rules, checksum: checksum, segmentSize: segmentSize)
}

/// One packet through the rules of the decapsulating side.
func decapsulate(_ packet: [UInt8], by rules: Decapsulation) -> Outcome {
    var bench = Bench()
    return bench.decapsulate(packet, by: rules)
}
