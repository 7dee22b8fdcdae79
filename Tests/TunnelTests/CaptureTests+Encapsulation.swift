// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// What we send in place of Linux differs from what it sent only where it is meant to.
@Suite struct CaptureEncapsulationTests {
    /// The settings that Linux had, where they differ from its own: TTL and identification are always compared so.
    static let settings: [(name: String, policy: OuterPolicy)] = [
        ("01-default", OuterPolicy(ttl: .inherit, dscp: .fixed(0))),
        ("02-tos-default", OuterPolicy(ttl: .inherit, dscp: .fixed(0))),
        ("03-tos-inherit", OuterPolicy(ttl: .inherit)),
        ("04-tos-fixed", OuterPolicy(ttl: .inherit, dscp: .fixed(0x28 >> 2))),
        ("05-ttl-inherit", OuterPolicy(ttl: .inherit)),
        ("06-ttl-fixed", OuterPolicy()),
        ("07-nopmtudisc", OuterPolicy(ttl: .inherit, fragmentation: .copy)),
        ("08-big-mtu1480", OuterPolicy(ttl: .inherit)),
        ("28-options", OuterPolicy(ttl: .inherit)),
        ("35-tcp", OuterPolicy(ttl: .inherit)),
    ]

    @Test(arguments: settings) func `with the same settings we send the same, but for congestion and identification`(
        name: String, policy: OuterPolicy
    ) throws {
        let tunnel = try Capture.inPlace(policy: policy)
        for theirs in try capturedPackets(name) {
            let inner = try HeaderFacts(theirs).payload
            let ours = try sent(inner, by: tunnel, like: theirs)
            #expect(ours == adapted(theirs, to: inner))
        }
    }

    @Test(arguments: settings.map(\.name)) func `with our defaults the TTL is 64, DF is set and DSCP inherited besides`(
        name: String
    ) throws {
        let tunnel = try Capture.inPlace()
        for theirs in try capturedPackets(name) {
            let inner = try HeaderFacts(theirs).payload
            var expected = adapted(theirs, to: inner)
            // Octet 1 is the traffic class, 4 to 7 are identification and flags, 8 is the TTL.
            expected[1] = inner[1]
            expected.replaceSubrange(4..<9, with: hex("00 00 40 00 40"))
            #expect(try sent(inner, by: tunnel, like: theirs) == expected)
        }
    }

    @Test func `the captures show each difference: congestion, identification, DSCP`() throws {
        let differences = try CaptureEncapsulationTests.settings.map(\.name).flatMap { name in
            try capturedPackets(name).map { packet in
                let inner = try HeaderFacts(packet).payload
                return (ecn: packet[1] & 3 != inner[1] & 3, dscp: packet[1] >> 2 != inner[1] >> 2)
            }
        }
        #expect(differences.count { $0.ecn } == 6)
        #expect(differences.count { $0.dscp } == 8)
        #expect(try capturedPackets("01-default").hasOnly { $0[4...5] != [0, 0] })
    }

    /// The one outer packet around `inner`, with their identification where it means anything.
    private func sent(_ inner: [UInt8], by tunnel: TestTunnel, like theirs: [UInt8]) throws -> [UInt8] {
        let packets = try encapsulate(inner, by: tunnel).outerPackets(identification: identification(of: theirs))
        try #require(packets.count == 1)
        return packets[0]
    }

    /// What we mean to send where Linux sent `packet`.
    private func adapted(_ packet: [UInt8], to inner: [UInt8]) -> [UInt8] {
        var packet = packet
        // Linux follows RFC 3168, by which congestion inside is not repeated outside.
        if inner[1] & 3 == 3 {
            #expect(packet[1] & 3 == 2)
            packet[1] |= 3
        }
        // The identification of what cannot be fragmented means nothing; the checksum is left to the kernel.
        if packet[6] & 0x40 != 0 { packet.replaceSubrange(4..<6, with: [0, 0]) }
        packet.replaceSubrange(10..<12, with: [0, 0])
        return packet
    }
}

/// The identification of a packet.
func identification(of packet: [UInt8]) -> UInt16 { UInt16(packet[4]) << 8 | UInt16(packet[5]) }
