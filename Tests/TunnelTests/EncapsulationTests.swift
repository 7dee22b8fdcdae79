// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct EncapsulationTests {
    private let rules: Encapsulation
    private let inheriting: Encapsulation

    init() throws {
        rules = Encapsulation(table: try Example.table(), ttl: .fixed(.standard))
        inheriting = Encapsulation(table: try Example.table(), ttl: .inherit)
    }

    @Test(arguments: [0x0000, 0x4000] as [UInt16], [0x00, 0xb8, 0x03, 0xff] as [UInt8])
    func `the outer header is this, octet for octet`(flags: UInt16, trafficClass: UInt8) throws {
        let packet = TestPacket.outbound.with { ($0.fragment, $0.trafficClass) = (flags, trafficClass) }
        let outer = try #require(encapsulate(packet.bytes(), by: rules).outer)
        let expected =
            hex("45") + [trafficClass]
            + hex(
                """
                00 30        # total length 20 + 28
                00 00        # identification 0
                40 00        # DF, whatever the inner packet says
                40           # TTL 64
                04           # IP in IP
                00 00        # checksum: the kernel's
                c0 00 02 01  # source 192.0.2.1
                c6 33 64 02  # destination 198.51.100.2
                """)
        #expect(try render(outer, payloadLength: 28) == expected)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `DSCP and ECN are the inner ones`(trafficClass: UInt8) {
        let packet = TestPacket.outbound.with { $0.trafficClass = trafficClass }
        #expect(encapsulate(packet.bytes(), by: rules).outer?.trafficClass == trafficClass)
    }

    @Test(arguments: 1...255 as ClosedRange<UInt8>) func `the TTL is fixed or inherited`(ttl: UInt8) throws {
        let packet = TestPacket.outbound.with { $0.ttl = ttl }.bytes()
        let fixed = Encapsulation(table: try Example.table(), ttl: .fixed(try #require(TTL(rawValue: ttl))))
        #expect(encapsulate(packet, by: rules).outer?.ttl == .standard)
        #expect(encapsulate(packet, by: inheriting).outer?.ttl.rawValue == ttl)
        #expect(encapsulate(TestPacket.outbound.bytes(), by: fixed).outer?.ttl.rawValue == ttl)
    }

    @Test func `the inner packet is not changed`() {
        let packet = TestPacket.outbound.with { $0.options = hex("01 01 01 00") }.bytes()
        let outcome = encapsulate(packet, by: rules)
        #expect(outcome.drop == nil)
        #expect(outcome.bytes == packet)
        #expect(outcome.start == 0)
        #expect(outcome.fate == .pending)
        #expect(outcome.peer == Example.first)
    }

    @Test func `what follows the total length is cut off`() {
        let packet = TestPacket.outbound.bytes()
        #expect(encapsulate(packet + [0xff, 0xff, 0xff], by: rules).bytes == packet)
    }

    @Test func `the most specific AllowedIPs decide who gets the packet`() throws {
        let packet = TestPacket.outbound.with { $0.destination = Example.seconds }
        let outcome = encapsulate(packet.bytes(), by: rules)
        #expect(outcome.peer == Example.second)
        #expect(outcome.outer?.destination == Example.secondEndpoint)
        #expect(outcome.outer?.source == Example.local)
    }

    @Test func `a destination in no AllowedIPs belongs to nobody`() {
        let outcome = encapsulate(TestPacket.outbound.with { $0.destination = Example.ours }.bytes(), by: rules)
        #expect(outcome.drop == .noPeer)
        #expect(outcome.peer == nil)
    }

    @Test func `65,515 octets fit, one more does not`() {
        let longest = TestPacket.outbound.with { $0.payload = [UInt8](repeating: 0, count: 65_495) }
        #expect(encapsulate(longest.bytes(), by: rules).drop == nil)
        let outcome = encapsulate(longest.with { $0.payload.append(0) }.bytes(), by: rules)
        #expect(outcome.drop == .tooLong)
        #expect(outcome.peer == Example.first)
    }

    private func render(_ fields: OuterFields, payloadLength: Int) throws -> [UInt8] {
        var batch = PacketBatch(capacity: 1)
        batch[0].place(length: 0)
        batch[0].prepend(OuterHeader.length)
        var bytes = batch[0].mutableBytes
        try #require(OuterHeader(fields, payloadLength: payloadLength)).write(to: &bytes)
        return octets(batch[0].bytes)
    }
}

/// RFC 2003 §3.2: packets that would go round and round.
@Suite struct EncapsulationLoopTests {
    @Test func `our own outer packet is a loop`() throws {
        let outcome = encapsulate(outerPacket(to: Example.firstEndpoint), by: try rules())
        #expect(outcome.drop == .loop)
        #expect(outcome.peer == Example.first)
    }

    @Test func `a tunnel of somebody else may pass through ours`() throws {
        let foreign = TestPacket.outer(around: [0x45], from: Example.ours, to: Example.firstEndpoint)
        #expect(encapsulate(foreign.bytes(), by: try rules()).drop == nil)
        let elsewhere = TestPacket.outer(around: [0x45], from: Example.local, to: Example.firsts)
        #expect(encapsulate(elsewhere.bytes(), by: try rules()).drop == nil)
    }

    @Test func `between the two outer addresses only protocol 4 is a loop`() throws {
        let ping = TestPacket.outbound.with {
            ($0.carried, $0.source, $0.destination) = (.icmp, Example.local, Example.firstEndpoint)
        }
        #expect(encapsulate(ping.bytes(), by: try rules()).drop == nil)
    }

    @Test func `a packet from the peer's outer address is not sent back to it`() throws {
        let packet = TestPacket.outbound.with { $0.source = Example.firstEndpoint }
        #expect(encapsulate(packet.bytes(), by: try rules()).drop == .returning)
        let toAnother = packet.with { $0.destination = Example.seconds }
        #expect(encapsulate(toAnother.bytes(), by: try rules()).drop == nil)
    }

    @Test func `an outer packet to one peer is not wrapped for another`() throws {
        // Each peer's address lies in the other's AllowedIPs: without this rule a packet is wrapped in turn, for ever.
        let table = try PeerTable([
            Peer(endpoint: Example.firstEndpoint, local: Example.local, allowed: [Example.prefix("203.0.113.0/24")]),
            Peer(endpoint: Example.secondEndpoint, local: Example.local, allowed: [Example.prefix("198.51.100.0/24")]),
        ])
        let rules = Encapsulation(table: table, ttl: .fixed(.standard))
        #expect(encapsulate(outerPacket(to: Example.firstEndpoint), by: rules).drop == .loop)
    }

    private func rules() throws -> Encapsulation { Encapsulation(table: try Example.table(), ttl: .fixed(.standard)) }

    private func outerPacket(to destination: IPv4Address) -> [UInt8] {
        TestPacket.outer(around: TestPacket.outbound.bytes(), from: Example.local, to: destination).bytes()
    }
}
