// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// Which options come along into the fragments after the first (RFC 791 §3.1, Linux `ip_options_fragment`).
@Suite struct FragmentationOptionTests {
    @Test func `options with the copied bit are in every fragment, others become no-operations after the first`() throws
    {
        let packet = hex(
            """
            49 b8 00 38  be ef 00 00  3f 11 2e c8  c0 00 02 01  c6 33 64 02
            94 04 00 00                # router alert: copied
            01 07 07 04 00 00 00 00    # no-operation, record route: not copied
            00 ff ff ff                # end of options, and what follows it
            00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  10 11 12 13
            """)
        let expected = [
            hex(
                """
                49 b8 00 34  be ef 20 00  3f 11 0e cc  c0 00 02 01  c6 33 64 02
                94 04 00 00  01 07 07 04 00 00 00 00  00 ff ff ff
                00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f
                """),
            hex(
                """
                49 b8 00 28  be ef 00 02  3f 11 32 dd  c0 00 02 01  c6 33 64 02
                94 04 00 00  01 01 01 01 01 01 01 01  00 ff ff ff
                10 11 12 13
                """),
        ]
        let fragments = try #require(Fragmentation(packet, limit: 52)).fragments(of: packet)
        #expect(fragments == expected)
        #expect(reassemble(fragments) == packet)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `the top bit of each option's type decides, whatever the option is`(type: UInt8) throws {
        let options = [type, 5, 0xaa, 0xbb, 0xcc, 0x82, 3, 0xdd]
        let kept = type & 0x80 != 0 || type == 0
        // A no-operation is one octet long: what follows it is then of type 5, and claims to be 170 octets long.
        let expected = kept || type == 1 ? options : [1, 1, 1, 1, 1, 0x82, 3, 0xdd]
        #expect(try second(options) == expected)
    }

    static let malformed: [(options: String, second: String)] = [
        // The length is 0 or 1, which leads nowhere: everything before is treated, the rest left.
        ("07 03 04 44  00 07 03 04", "01 01 01 44  00 07 03 04"),
        ("07 03 04 44  01 07 03 04", "01 01 01 44  01 07 03 04"),
        // The length leads beyond the header.
        ("07 03 04 44  06 07 03 04", "01 01 01 44  06 07 03 04"),
        ("07 03 04 07  06 07 03 04", "01 01 01 07  06 07 03 04"),
        // The type is the last octet, and has no length.
        ("07 03 04 01  01 01 01 07", "01 01 01 01  01 01 01 07"),
        ("07 07 04 00  00 00 00 94", "01 01 01 01  01 01 01 94"),
        // It reaches exactly to the end.
        ("07 08 04 00  00 00 00 00", "01 01 01 01  01 01 01 01"),
        ("01 01 01 01  01 01 07 02", "01 01 01 01  01 01 01 01"),
    ]

    @Test(arguments: malformed) func `a malformed option ends the treatment and stays as it is`(
        options: String, second expected: String
    ) throws {
        #expect(try second(hex(options)) == hex(expected))
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `no type and length trap`(type: UInt8) throws {
        for length in [0, 1, 2, 3, 4, 5, 255] as [UInt8] {
            for options in [[type, length, 7, 9], [1, 1, type, length], [1, 1, 1, type]] as [[UInt8]] {
                try check(options)
            }
        }
    }

    @Test func `no options trap, however random they are`() throws {
        var random = SplitMix64()
        for _ in 0..<3_000 {
            var options = random.bytes(4 * Int.random(in: 1...10, using: &random))
            // Short lengths and known types lead deeper into the options than random octets do.
            for index in options.indices where Bool.random(using: &random) {
                options[index] = [0, 1, 2, 3, 4, 7, 0x44, 0x82, 0x94].randomElement(using: &random) ?? 0
            }
            try check(options, random.note)
        }
    }

    private func check(_ options: [UInt8], _ note: Comment? = nil) throws {
        let packet = BuiltPacket(options: options, payload: Array(0...15)).bytes
        let fragmentation = try #require(Fragmentation(packet, limit: packet.headerLength + 8), note)
        let fragments = fragmentation.fragments(of: packet)
        let changed = zip(options, fragments[1][20...]).filter { $0 != $1 }
        try #require(!changed.contains { $0.1 != 1 }, note)
        try #require(fragments.hasOnly { $0.headerSum == 0xffff }, note)
        try #require(reassemble(fragments) == packet, note)
    }

    private func second(_ options: [UInt8]) throws -> [UInt8] {
        let packet = BuiltPacket(options: options, payload: Array(0...15)).bytes
        let fragments = try #require(Fragmentation(packet, limit: 20 + options.count + 8)).fragments(of: packet)
        try #require(fragments.count == 2)
        return Array(fragments[1][20..<20 + options.count])
    }
}
