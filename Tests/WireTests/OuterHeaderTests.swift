// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct OuterHeaderTests {
    private let fields = OuterFields(
        source: IPv4Address(192, 0, 2, 1), destination: IPv4Address(198, 51, 100, 2), trafficClass: 0xb9,
        ttl: .standard, fragmentation: .forbidden)

    @Test func `the header is that of RFC 2003 §3.1`() throws {
        let expected = hex(
            """
            45           # version 4, IHL 5: no options
            b9           # DSCP 46, ECT(1)
            05 dc        # total length 20 + 1480
            00 00        # identification 0: the packet is atomic (RFC 6864 §4.1)
            40 00        # DF
            40           # TTL 64
            04           # IP in IP
            00 00        # checksum: the kernel computes it
            c0 00 02 01  # source 192.0.2.1
            c6 33 64 02  # destination 198.51.100.2
            """)
        #expect(try render(#require(OuterHeader(fields, payloadLength: 1480))) == expected)
    }

    @Test func `DF is clear when routers may fragment, and the kernel chooses the identification`() throws {
        var fields = fields
        fields.fragmentation = .allowed
        let header = try render(#require(OuterHeader(fields, payloadLength: 20)))
        #expect(Array(header[4..<8]) == hex("00 00  00 00"))
    }

    @Test func `all 65,516 lengths that fit are accepted, no other`() {
        #expect(OuterHeader(fields, payloadLength: 0)?.totalLength == 20)
        #expect(OuterHeader(fields, payloadLength: 65_515)?.totalLength == 65_535)
        #expect(OuterHeader(fields, payloadLength: 65_516) == nil)
        #expect(OuterHeader(fields, payloadLength: -1) == nil)
        #expect(OuterHeader(fields, payloadLength: .max) == nil)
        #expect(OuterHeader.maximumPayloadLength == 65_515)
    }

    @Test func `whatever was in the memory before is overwritten`() throws {
        let header = try #require(OuterHeader(fields, payloadLength: 0))
        #expect(render(header, over: 0x00) == render(header, over: 0xff))
    }

    @Test func `what is written is read back as the same fields`() throws {
        var random = SplitMix64()
        for _ in 0..<500 {
            let fields = random.fields()
            let payloadLength = Int.random(in: 0...1_480, using: &random)
            let header = try #require(OuterHeader(fields, payloadLength: payloadLength))
            let bytes = render(header) + random.bytes(payloadLength)
            let packet = try unsafe IPv4Packet(bytes.span.bytes)
            let read = OuterFields(
                source: packet.source, destination: packet.destination, trafficClass: packet.trafficClass,
                ttl: try #require(TTL(rawValue: packet.ttl)),
                fragmentation: packet.dontFragment ? .forbidden : .allowed)
            let (carried, lengths) = (packet.protocolNumber, (packet.headerLength, packet.totalLength))
            try #require(read == fields, random.note)
            try #require(carried == .ipip && lengths == (20, 20 + payloadLength), random.note)
        }
    }

    @Test func `less room than 20 octets traps`() async {
        await #expect(processExitsWith: .failure) {
            let fields = OuterFields(
                source: .unspecified, destination: .unspecified, trafficClass: 0, ttl: .standard,
                fragmentation: .allowed)
            var batch = PacketBatch(capacity: 1)
            batch[0].copy([UInt8](repeating: 0, count: 19))
            var bytes = batch[0].mutableBytes
            OuterHeader(fields, payloadLength: 0)?.write(to: &bytes)
        }
    }

    private func render(_ header: OuterHeader, over garbage: UInt8 = 0xaa) -> [UInt8] {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy([UInt8](repeating: garbage, count: OuterHeader.length))
        var bytes = batch[0].mutableBytes
        header.write(to: &bytes)
        return octets(batch[0].bytes)
    }
}

extension SplitMix64 {
    /// Outer fields with any value that can be written down.
    fileprivate mutating func fields() -> OuterFields {
        OuterFields(
            source: address(), destination: address(), trafficClass: UInt8(truncatingIfNeeded: next()),
            ttl: TTL(rawValue: UInt8(truncatingIfNeeded: next())) ?? .maximum,
            fragmentation: Bool.random(using: &self) ? .allowed : .forbidden)
    }
}
