// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct CutTests {
    static let fields = OuterFields(
        source: IPv4Address(203, 0, 113, 1), destination: IPv4Address(203, 0, 113, 2), trafficClass: 0xb8,
        ttl: .standard, fragmentation: .forbidden)

    @Test func `one outer packet around all of it is a header in front of all of it`() {
        let packet = BuiltPacket(payload: Array(0...9)).bytes
        let written = Cut.whole.outerPackets(of: packet, under: CutTests.fields, identification: 0xbeef)
        let header = hex(
            """
            45 b8        # version 4, IHL 5, traffic class
            00 32        # total length 20 + 30
            00 00 40 00  # identification 0, DF
            40 04        # TTL 64, IP in IP
            00 00        # checksum: the kernel computes it
            cb 00 71 01  # source 203.0.113.1
            cb 00 71 02  # destination 203.0.113.2
            """)
        #expect(written.map(\.head) == [header])
        #expect(written.map(\.body) == [0..<30])
    }

    @Test func `each segment is in an outer packet of its own`() throws {
        let tcp = BuiltTCP(flags: 0x18, payload: Array(0...11))
        let inner = BuiltPacket(identification: 500, fragment: 0x4000)
        let superpacket = inner.carryingUnfinished(tcp)
        let cut = Cut.segments(try #require(Segmentation(superpacket, size: 5)))
        let written = cut.outerPackets(of: superpacket, under: CutTests.fields, identification: 0xbeef)
        #expect(written.map(\.head.count) == [60, 60, 60])
        #expect(written.map(\.body) == [40..<45, 45..<50, 50..<52])
        let outer = [65, 65, 62].map { hex("45 b8 00") + [$0] + hex("00 00 40 00 40 04 00 00 cb 00 71 01 cb 00 71 02") }
        #expect(written.map(\.packet) == zip(outer, segments(of: inner, tcp, size: 5)).map { $0 + $1 })
    }

    @Test func `each fragment of the inner packet is in an outer packet of its own`() throws {
        let packet = BuiltPacket(payload: Array(0...19)).bytes
        let fragmentation = try #require(Fragmentation(packet, limit: 28))
        let written = Cut.fragments(fragmentation).outerPackets(of: packet, under: CutTests.fields, identification: 7)
        #expect(written.map(\.head.count) == [40, 40, 40])
        #expect(written.map(\.body) == [20..<28, 28..<36, 36..<40])
        let outer = [48, 48, 44].map { hex("45 b8 00") + [$0] + hex("00 00 40 00 40 04 00 00 cb 00 71 01 cb 00 71 02") }
        #expect(written.map(\.packet) == zip(outer, fragmentation.fragments(of: packet)).map { $0 + $1 })
        #expect(reassemble(written.map { Array($0.packet[20...]) }) == packet)
    }

    @Test func `the identification is written where DF is clear, and nowhere else`() throws {
        let packet = BuiltPacket().carryingUnfinished(BuiltTCP(payload: Array(0...19)))
        var allowed = CutTests.fields
        allowed.fragmentation = .allowed
        let cuts = [
            Cut.whole, .segments(try #require(Segmentation(packet, size: 8))),
            .fragments(try #require(Fragmentation(packet, limit: 28))), .outerFragments(limit: 68),
        ]
        for cut in cuts {
            let free = cut.outerPackets(of: packet, under: allowed, identification: 0xbeef).map { $0.head.word(at: 4) }
            #expect(free.hasOnly { $0 == 0xbeef } && free.count == cut.count(length: packet.count))
            let atomic = cut.outerPackets(of: packet, under: CutTests.fields, identification: 0xbeef)
            #expect(atomic.hasOnly { $0.head.word(at: 4) == 0 })
        }
        #expect(cuts.map(\.sharesIdentification) == [false, false, false, true])
    }

    @Test func `the count is that of the segments or fragments, whatever the length`() throws {
        let packet = BuiltPacket().carryingUnfinished(BuiltTCP(payload: Array(0...19)))
        let segmentation = try #require(Segmentation(packet, size: 8))
        let fragmentation = try #require(Fragmentation(packet, limit: 28))
        for length in [0, 20, 60, 65_535] {
            #expect(Cut.whole.count(length: length) == 1)
            #expect(Cut.segments(segmentation).count(length: length) == 3)
            #expect(Cut.fragments(fragmentation).count(length: length) == 5)
        }
    }

    @Test func `the longest head has room for all options of IP and TCP`() throws {
        let options = [UInt8](repeating: 1, count: 40)
        let packet = BuiltPacket(options: options).carryingUnfinished(BuiltTCP(options: options, payload: [1, 2]))
        let cut = Cut.segments(try #require(Segmentation(packet, size: 1)))
        let written = cut.outerPackets(of: packet, under: CutTests.fields, identification: 0)
        #expect(written.map(\.head.count) == [140, 140])
        #expect(Cut.maximumHeadLength == 140)
    }
}

extension Cut {
    /// An outer packet: a head that was written for it, and which part of the slot follows.
    struct OuterPacket {
        let head: [UInt8]
        let body: Range<Int>
        let packet: [UInt8]
    }

    /// All outer packets for `packet`.
    func outerPackets(of packet: [UInt8], under fields: OuterFields, identification: UInt16) -> [OuterPacket] {
        (0..<count(length: packet.count)).map { index in
            var head = [UInt8](repeating: 0xaa, count: Cut.maximumHeadLength)
            let (length, body) = changing(&head) {
                write(index, of: packet.octets, under: fields, identification: identification, to: &$0)
            }
            precondition(head[length...].allSatisfy { $0 == 0xaa })
            head.removeLast(head.count - length)
            return OuterPacket(head: head, body: body, packet: head + packet[body])
        }
    }
}
