// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct OuterHeaderTests {
    private let fields = OuterFields(
        source: IPv4Address(192, 0, 2, 1), destination: IPv4Address(198, 51, 100, 2), trafficClass: 0xb9,
        ttl: .standard, fragmentation: .forbidden)

    @Test func `the header is that of RFC 2003 §3.1`() {
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
        #expect(render(OuterHeader(fields), payloadLength: 1_480) == expected)
    }

    @Test func `DF is clear when routers may fragment, and the identification is written then only`() {
        var header = OuterHeader(fields, identification: 0xbeef)
        #expect(Array(render(header)[4..<8]) == hex("00 00  40 00"))
        header.fields.fragmentation = .allowed
        #expect(Array(render(header)[4..<8]) == hex("be ef  00 00"))
        header.identification = 0
        #expect(Array(render(header)[4..<8]) == hex("00 00  00 00"))
    }

    @Test func `every offset that can be written down is written in units of 8, beside MF`() {
        var fields = fields
        fields.fragmentation = .allowed
        var header = OuterHeader(fields, identification: 0xbeef)
        for units in 0...0x1fff as ClosedRange<UInt16> {
            header.fragmentOffset = Int(units) * 8
            for moreFragments in [false, true] {
                header.moreFragments = moreFragments
                let word = render(header).word(at: 6)
                if word != (moreFragments ? 0x2000 : 0) | units { Issue.record("\(units) \(moreFragments): \(word)") }
            }
        }
    }

    @Test(arguments: [0, 1, 20, 1_480, 65_514, 65_515]) func `the total length is 20 more than the payload`(length: Int)
    {
        #expect(Int(render(OuterHeader(fields), payloadLength: length).word(at: 2)) == length + 20)
        #expect(OuterHeader.maximumPayloadLength == 65_515)
    }

    @Test func `whatever was in the memory before is overwritten`() {
        let header = OuterHeader(fields)
        #expect(render(header, over: 0x00) == render(header, over: 0xff))
    }

    @Test func `what is written is read back as the same fields`() throws {
        var random = SplitMix64()
        for _ in 0..<500 {
            let fields = random.fields()
            let payloadLength = Int.random(in: 0...1_480, using: &random)
            let header = OuterHeader(fields, identification: UInt16.random(in: 0 ... .max, using: &random))
            let bytes = render(header, payloadLength: payloadLength) + random.bytes(payloadLength)
            let packet = try IPv4Packet(bytes.octets)
            let read = OuterFields(
                source: packet.source, destination: packet.destination, trafficClass: packet.trafficClass,
                ttl: try #require(TTL(rawValue: packet.ttl)),
                fragmentation: packet.dontFragment ? .forbidden : .allowed)
            let (carried, lengths) = (packet.protocolNumber, (packet.headerLength, packet.totalLength))
            let identification = packet.identification
            try #require(read == fields, random.note)
            try #require(carried == .ipip && lengths == (20, 20 + payloadLength), random.note)
            try #require(identification == (fields.fragmentation == .allowed ? header.identification : 0), random.note)
        }
    }

    @Test func `less room than 20 octets traps, and so does a payload that no total length can express`() async {
        await #expect(processExitsWith: .failure) { writeHeader(payloadLength: 0, room: 19) }
        await #expect(processExitsWith: .failure) { writeHeader(payloadLength: 65_516, room: 20) }
        await #expect(processExitsWith: .failure) { writeHeader(payloadLength: -1, room: 20) }
    }

    private func render(_ header: OuterHeader, payloadLength: Int = 0, over garbage: UInt8 = 0xaa) -> [UInt8] {
        var bytes = [UInt8](repeating: garbage, count: OuterHeader.length)
        changing(&bytes) { header.write(payloadLength: payloadLength, to: &$0) }
        return bytes
    }
}

private func writeHeader(payloadLength: Int, room: Int) {
    let fields = OuterFields(
        source: .unspecified, destination: .unspecified, trafficClass: 0, ttl: .standard, fragmentation: .allowed)
    var bytes = [UInt8](repeating: 0, count: room)
    changing(&bytes) { OuterHeader(fields).write(payloadLength: payloadLength, to: &$0) }
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
