// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct DissectorTests {
    private static let outer = (IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 2))
    private static let inner = (IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 2))

    private static func inner(_ carried: IPProtocol, _ payload: [UInt8]) -> [UInt8] {
        packet(carried, from: inner.0, to: inner.1, payload: payload)
    }

    private static func line(_ octets: [UInt8]) -> String { Dissector.line(octets, length: octets.count) }

    @Test func `a packet inside of a packet`() {
        let echo = Self.inner(.icmp, [8, 0, 0, 0, 0, 7, 0, 1] + [UInt8](repeating: 0, count: 56))
        let wrapped = packet(.ipip, from: Self.outer.0, to: Self.outer.1, payload: echo)
        #expect(
            Self.line(wrapped)
                == "192.0.2.1 > 192.0.2.2: ipip 10.0.0.1 > 10.0.0.2: icmp echo request, 84 octets, ttl 64")
    }

    @Test(arguments: [
        (IPProtocol.udp, [0, 53, 0x82, 0x35, 0, 8, 0, 0] as [UInt8], "udp 53 > 33333, 28 octets, ttl 64"),
        (.udp, [0, 53], "udp, 22 octets, ttl 64"),
        (
            .tcp, [0x1, 0xbb, 0x82, 0x35] + [UInt8](repeating: 0, count: 8) + [0x50, 0x12, 0, 0, 0, 0, 0, 0],
            "tcp 443 > 33333 SYN ACK, 40 octets, ttl 64"
        ),
        (.icmp, [3, 4, 0, 0, 0, 0, 0, 0], "icmp fragmentation needed, 28 octets, ttl 64"),
        (.icmp, [13, 0], "icmp type 13, code 0, 22 octets, ttl 64"),
        (IPProtocol(rawValue: 47), [1], "protocol 47, 21 octets, ttl 64"),
    ])
    func `what is inside is named as far as it is there`(carried: IPProtocol, payload: [UInt8], expected: String) {
        #expect(Self.line(Self.inner(carried, payload)) == "10.0.0.1 > 10.0.0.2: \(expected)")
    }

    @Test func `a fragment that is not the first has no ports`() {
        var fragment = Self.inner(.udp, [UInt8](repeating: 1, count: 8))
        (fragment[6], fragment[7]) = (0x20, 0xb9)
        #expect(Self.line(fragment) == "10.0.0.1 > 10.0.0.2: udp, fragment at 1480, 28 octets, ttl 64")
    }

    @Test func `the beginning of a packet, and what is none`() {
        let long = Self.inner(.udp, [UInt8](repeating: 0, count: 1_000))
        #expect(
            Dissector.line(Array(long.prefix(24)), length: 1_020)
                == "10.0.0.1 > 10.0.0.2: udp 0 > 0, 1020 octets, ttl 64"
        )
        #expect(Dissector.line([], length: 0) == "nothing")
        #expect(Dissector.line([0x60, 0, 0, 0], length: 40) == "IPv6, 40 octets")
        #expect(Dissector.line([0x45, 0], length: 2) == "no IPv4 packet, 2 octets")
        #expect(Dissector.line([0x41] + [UInt8](repeating: 0, count: 30), length: 31) == "no IPv4 packet, 31 octets")
    }

    @Test func `packets in packets in packets come to an end, and nothing is a trap`() {
        var nested = Self.inner(.udp, [])
        for _ in 0..<50 { nested = packet(.ipip, from: Self.outer.0, to: Self.outer.1, payload: nested) }
        #expect(Self.line(nested).split(separator: " ").count(where: { $0 == "ipip" }) <= 5)
        var random = SplitMix64()
        for _ in 0..<5_000 {
            var octets = nested.prefix(Int.random(in: 0...120, using: &random))
            for _ in 0..<3 where !octets.isEmpty {
                octets[Int.random(in: octets.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            #expect(!Self.line(Array(octets)).contains("\n"), "\(random.note)")
        }
    }

    @Test func `a line says when, which way, and why not`() throws {
        let echo = Self.inner(.icmp, [8, 0, 0, 0])
        let view = PacketRecord.View(octets: echo, length: echo.count)
        var record = PacketRecord.sample(came: view)
        record.time = (3_600 * 50 + 60 * 3 + 4) * 1_000_000 + 56
        record.drop = .noPeer
        #expect(
            Dissector.line(record)
                == "02:03:04.000056 encapsulate 10.0.0.1 > 10.0.0.2: icmp echo request, 24 octets, ttl 64 "
                + "(dropped: no-peer: no peer's AllowedIPs hold the inner destination)")
        record.drop = nil
        record.went = PacketRecord.View(
            octets: packet(.ipip, from: Self.outer.0, to: Self.outer.1, payload: echo), length: 44)
        record.form = .superpacket(segmentSize: 1_400)
        #expect(
            Dissector.line(record)
                == "02:03:04.000056 encapsulate 192.0.2.1 > 192.0.2.2: ipip 10.0.0.1 > 10.0.0.2: icmp echo request, "
                + "24 octets, ttl 64 (superpacket, segments of 1400 octets)")
        let sample = DropSample(record)
        #expect(sample == nil)
    }
}

extension PacketRecord {
    /// A packet of nobody on its way out, as a data thread would write it down.
    static func sample(came: View, went: View? = nil) -> PacketRecord {
        var record = try? PacketRecord(
            ([0, 0, 0, 36] + [UInt8](repeating: 0, count: 25) + [0] + [UInt8](repeating: 0, count: 6)).octets,
            snapLength: 96)
        record?.came = came
        record?.went = went
        record?.drop = nil
        record?.peer = nil
        guard let record else { preconditionFailure("the shortest record") }
        return record
    }
}
