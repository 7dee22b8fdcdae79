// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// What Linux itself sends (Tests/Fixtures/README.md) is decapsulated, and as Linux would do it.
@Suite struct CaptureTests {
    /// The captures of whole outer packets, and how many packets each has.
    static let captures = [
        ("01-default", 6), ("02-tos-default", 6), ("03-tos-inherit", 6), ("04-tos-fixed", 6), ("05-ttl-inherit", 4),
        ("06-ttl-fixed", 5), ("07-nopmtudisc", 5), ("08-big-mtu1480", 2), ("20-ecn-decap", 31), ("21-tos-decap", 8),
        ("28-options", 1), ("35-tcp", 2),
    ]

    @Test(arguments: captures) func `everything that a Linux peer sends is accepted, and unwrapped to what is inside`(
        name: String, count: Int
    ) throws {
        let packets = try capturedPackets(name)
        #expect(packets.count == count)
        let tunnel = try Capture.opposite()
        let fromKernel = try packets.filter { try HeaderFacts($0).source == Capture.kernel }
        #expect(!fromKernel.isEmpty)
        for packet in fromKernel {
            let outer = try HeaderFacts(packet)
            #expect(outer.carried == .ipip)
            let outcome = decapsulate(packet, by: tunnel)
            #expect(outcome.drop == nil)
            let inner = try HeaderFacts(outcome.bytes)
            #expect([Capture.kernelInside, Capture.host].contains(inner.source))
            #expect(inner.destination == Capture.usInside)
            #expect(outcome.bytes == outer.payload)
        }
    }

    @Test(arguments: ["10-big-mtu1500-nopmtudisc", "11b-big-route-mtu-nopmtudisc"])
    func `outer fragments are left to the kernel, and what it puts together is accepted`(name: String) throws {
        let tunnel = try Capture.opposite()
        let fragments = try capturedPackets(name)
        #expect(fragments.count == 2)
        for fragment in fragments { #expect(decapsulate(fragment, by: tunnel).drop == .outerFragment) }
        let inner = try fragments.flatMap { try HeaderFacts($0).payload }
        let whole = TestPacket.outer(around: inner, from: Capture.kernel, to: Capture.us).bytes()
        let outcome = decapsulate(whole, by: tunnel)
        #expect(outcome.drop == nil)
        // It is what the host behind the kernel sent, one hop on.
        let sent = try #require(capturedPackets("\(name).guest").first)
        #expect(try outcome.bytes == forwarded(sent))
    }

    @Test func `all 16 combinations of ECN leave the tunnel as they left that of Linux, octet for octet`() throws {
        let sent = try capturedPackets("20-ecn-decap").filter { try HeaderFacts($0).source == Capture.us }
        let left = try capturedPackets("20-ecn-decap.guest").filter { try HeaderFacts($0).source == Capture.usInside }
        #expect(sent.count == 16 && left.count == 15)
        let tunnel = try Capture.inPlace()
        let outcomes = sent.map { decapsulate($0, by: tunnel) }
        #expect(outcomes.filter { $0.drop == nil }.map(\.bytes) == left)
        // CE around Not-ECT: the fourth row's first.
        #expect(outcomes.map(\.drop) == (0..<16).map { $0 == 12 ? .congestionUnsignalled : nil })
    }

    @Test func `the replies of Linux say what it made of each combination`() throws {
        let replies = try capturedPackets("20-ecn-decap").filter { try HeaderFacts($0).source == Capture.kernel }
        let classes = try replies.map { try HeaderFacts(HeaderFacts($0).payload).trafficClass }
        #expect(classes == [0, 1, 2, 3, 0, 1, 1, 3, 0, 1, 2, 3, 3, 3, 3])
    }

    @Test func `outer DSCP and TTL change nothing inside, as with Linux; an inner TTL of 0 is dropped, unlike there`()
        throws
    {
        let sent = try capturedPackets("21-tos-decap").filter { try HeaderFacts($0).source == Capture.us }
        let left = try capturedPackets("21-tos-decap.guest").filter { try HeaderFacts($0).source == Capture.usInside }
        #expect(try sent.map { try HeaderFacts($0).trafficClass } == [0xb8, 0, 0, 0])
        #expect(try sent.map { try HeaderFacts($0).ttl } == [64, 1, 64, 64])
        #expect(try left.map { try HeaderFacts($0).trafficClass } == [0x28, 0, 0, 0])
        #expect(try left.map { try HeaderFacts($0).ttl } == [64, 64, 1, 0])
        let tunnel = try Capture.inPlace()
        let outcomes = sent.map { decapsulate($0, by: tunnel) }
        #expect(outcomes.map(\.drop) == [nil, nil, nil, .ttlZero])
        #expect(outcomes.dropLast().map(\.bytes) == left.dropLast())
    }
}

/// A packet after one more router: its TTL is one less.
func forwarded(_ packet: [UInt8]) throws -> [UInt8] {
    try #require(packet[8] > 1)
    var packet = packet
    packet[8] -= 1
    packet.replaceSubrange(10..<12, with: [0, 0])
    packet.replaceSubrange(10..<12, with: (~naiveSum(packet.prefix(Int(packet[0] & 0xf) * 4))).octets)
    return packet
}
