// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct IPv4QuoteTests {
    /// UDP, 1472 octets long when it was sent, of which header and ports came back.
    private let quote = hex(
        """
        45 b8 05 c0  # version 4, IHL 5, DSCP 46, total length 1472
        be ef 40 00  # identification, DF
        3f 11 8a 4e  # TTL 63, UDP, header checksum
        c0 00 02 01  # source 192.0.2.1
        c6 33 64 02  # destination 198.51.100.2
        30 39 00 35  # ports
        05 ac 12 34  # length, checksum
        """)

    @Test func `a quote shows the header and what is left, and how long the packet was`() throws {
        let facts = try #require(Facts(quote))
        #expect(facts.originalLength == 1_472)
        #expect(facts.packet == quote)
        #expect(facts.payload == hex("30 39 00 35  05 ac 12 34"))
        #expect(facts.source == IPv4Address(192, 0, 2, 1))
        #expect(facts.destination == IPv4Address(198, 51, 100, 2))
        #expect(facts.carried == .udp)
    }

    @Test func `what follows a packet that was quoted whole is no part of it`() throws {
        let whole = quote.replacing(at: 2, with: [0, 24]) + hex("ff ff ff ff")
        let facts = try #require(Facts(whole))
        #expect(facts.originalLength == 24)
        #expect(facts.packet == Array(whole.prefix(24)))
    }

    @Test func `options belong to the header`() throws {
        let bytes = BuiltPacket(options: hex("94 04 00 00"), payload: hex("30 39 00 35  00 08 00 00")).bytes
        let facts = try #require(Facts(bytes))
        #expect(facts.payload == hex("30 39 00 35  00 08 00 00"))
        #expect(facts.isUseful)
        #expect(Facts(Array(bytes.prefix(23))) == nil)
    }

    @Test(arguments: 0...19) func `fewer than 20 octets are no quote`(count: Int) {
        #expect(Facts(Array(quote.prefix(count))) == nil)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `of all first octets, those are taken that say version 4 and a header that is there`(first: UInt8) {
        let isHeader = first >> 4 == 4 && (5...7).contains(first & 0xf)
        #expect((Facts([first] + quote.dropFirst()) != nil) == isHeader)
    }

    @Test func `a total length shorter than the header is refused, any other is believed`() {
        for length in 0...UInt16.max {
            let taken = Facts(quote.replacing(at: 2, with: [UInt8](word: length)))
            if length < 20 {
                if taken != nil { Issue.record("\(length)") }
            } else if taken?.originalLength != Int(length) || taken?.packet.count != min(28, Int(length)) {
                Issue.record("\(length)")
            }
        }
    }

    @Test(arguments: 20...28) func `a quote is useful when it has the 8 octets that name the ports`(count: Int) {
        #expect(Facts(Array(quote.prefix(count)))?.isUseful == (count == 28))
    }

    @Test(arguments: 20...28) func `a packet with less than 8 octets of payload is useful when it is all there`(
        length: Int
    ) {
        for count in 20...28 {
            let taken = Facts(Array(quote.replacing(at: 2, with: [0, UInt8(length)]).prefix(count)))
            #expect(taken?.isUseful == (count >= length), "\(count)")
        }
    }
}

/// What a quote says, in a value that outlives the octets.
private struct Facts {
    let originalLength: Int
    let isUseful: Bool
    let packet: [UInt8]
    let payload: [UInt8]
    let source: IPv4Address
    let destination: IPv4Address
    let carried: IPProtocol

    init?(_ bytes: [UInt8]) {
        guard let quote = IPv4Quote(bytes.octets) else { return nil }
        (originalLength, isUseful) = (quote.originalLength, quote.isUseful)
        (packet, payload) = (octets(quote.packet.bytes), octets(quote.packet.payload))
        (source, destination) = (quote.packet.source, quote.packet.destination)
        carried = quote.packet.protocolNumber
    }
}
