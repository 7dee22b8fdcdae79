// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct ICMPv4ErrorTests {
    /// The first 28 octets of a UDP packet of 1472.
    private let quote = hex(
        """
        45 00 05 c0  be ef 40 00  3f 11 8b 06  c0 00 02 01  c6 33 64 02
        30 39 00 35  05 ac 12 34
        """)

    static let messages: [(error: ICMPv4Error, header: [UInt8])] = [
        (
            .networkUnreachable,
            hex(
                """
                03 00        # destination unreachable: network
                b4 b1        # checksum
                00 00 00 00  # unused
                """)
        ),
        (
            .hostUnreachable,
            hex(
                """
                03 01        # destination unreachable: host
                b4 b0        # checksum
                00 00 00 00  # unused
                """)
        ),
        (
            .fragmentationNeeded(mtu: 1_480),
            hex(
                """
                03 04        # destination unreachable: fragmentation needed and DF set
                ae e5        # checksum
                00 00 05 c8  # unused, next-hop MTU 1480
                """)
        ),
        (
            .prohibited,
            hex(
                """
                03 0d        # destination unreachable: administratively prohibited
                b4 a4        # checksum
                00 00 00 00  # unused
                """)
        ),
    ]

    @Test(arguments: messages) func `the message is an IP header, 8 octets of ICMP, and the quote`(
        error: ICMPv4Error, header: [UInt8]
    ) throws {
        let network = hex(
            """
            45 c0        # version 4, IHL 5, precedence of network control
            00 38        # total length 56
            00 00 00 00  # identification 0, no DF, no fragment
            40 01        # TTL 64, ICMP
            8d ce        # header checksum
            c6 33 64 02  # source: where the quoted packet was sent to, 198.51.100.2
            c0 00 02 01  # destination: who sent the quoted packet, 192.0.2.1
            """)
        #expect(try message(error, about: quote) == network + header + quote)
    }

    @Test(arguments: [20, 21, 28, 48, 547, 548, 549, 1_472])
    func `the quote is as long as what is there, up to a message of 576 octets`(count: Int) throws {
        var random = SplitMix64()
        let quoted = Array((quote + random.bytes(1_472)).prefix(count))
        let written = try message(.hostUnreachable, about: quoted)
        #expect(written.count == min(28 + count, 576))
        #expect(Int(written.word(at: 2)) == written.count)
        #expect(Array(written[28...]) == Array(quoted.prefix(548)))
        #expect(written.headerSum == 0xffff)
        #expect(naiveSum(written[20...]) == 0xffff, random.note)
        #expect(ICMPv4Error.maximumLength == 576)
    }

    @Test func `padding after a quoted packet is not quoted`() throws {
        let whole = BuiltPacket(payload: [1, 2, 3]).bytes
        #expect(try message(.prohibited, about: whole + [0, 0, 0]).dropFirst(28) == whole[...])
    }

    @Test func `options of the quoted packet are quoted, and not repeated in front`() throws {
        let packet = BuiltPacket(options: hex("94 04 00 00"), payload: [1, 2, 3]).bytes
        let written = try message(.networkUnreachable, about: packet)
        #expect(written[0] == 0x45)
        #expect(Array(written[28...]) == packet)
    }

    @Test func `every next-hop MTU is written, and the checksum is right for each`() throws {
        for mtu in 0...UInt16.max {
            let written = try message(.fragmentationNeeded(mtu: mtu), about: quote)
            if written.word(at: 26) != mtu || naiveSum(written[20...]) != 0xffff { Issue.record("\(mtu)") }
        }
    }

    @Test func `whatever was in the memory before is overwritten, what lies behind is left alone`() throws {
        for garbage in [0x00, 0xff] as [UInt8] {
            var bytes = [UInt8](repeating: garbage, count: 600)
            let length = write(.hostUnreachable, about: quote, to: &bytes)
            #expect(length == 56)
            #expect(bytes[..<56] == (try message(.hostUnreachable, about: quote))[...])
            #expect(bytes[56...].hasOnly { $0 == garbage })
        }
    }

    @Test func `room for less than the longest message traps`() async {
        await #expect(processExitsWith: .failure) {
            var bytes = [UInt8](repeating: 0, count: 575)
            _ = write(.hostUnreachable, about: BuiltPacket(payload: [1]).bytes, to: &bytes)
        }
    }

    private func message(_ error: ICMPv4Error, about quoted: [UInt8]) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xaa, count: ICMPv4Error.maximumLength)
        let length = try #require(write(error, about: quoted, to: &bytes))
        return Array(bytes.prefix(length))
    }
}

/// The length of the message about `quoted`, `nil` when that is no quote.
private func write(_ error: ICMPv4Error, about quoted: [UInt8], to bytes: inout [UInt8]) -> Int? {
    changing(&bytes) { span in
        guard let quote = IPv4Quote(quoted.octets) else { return nil }
        return error.write(about: quote, to: &span)
    }
}
