// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct ByteOrderTests {
    private let bytes = hex("00 01 02 03 04 05 fe ff")

    @Test func `the first octet of a word is the most significant one`() {
        let span = unsafe bytes.span.bytes
        let (octet, short, long) = (span.octet(at: 6), span.uint16(at: 6), span.uint32(at: 4))
        #expect(octet == 0xfe)
        #expect(short == 0xfeff)
        #expect(long == 0x0405_feff)
    }

    @Test(arguments: 0...4) func `words may stand at any offset`(offset: Int) {
        let span = unsafe bytes.span.bytes
        let (short, long) = (span.uint16(at: offset), span.uint32(at: offset))
        let expected = bytes[offset..<offset + 4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        #expect(long == expected)
        #expect(short == UInt16(expected >> 16))
    }

    @Test(arguments: 0...4) func `what is stored is loaded, and nothing beside it changes`(offset: Int) {
        var written = [UInt8](repeating: 0xaa, count: 8)
        var expected = written
        var elements = written.mutableSpan
        var span = unsafe elements.mutableBytes
        span.store(0x0102_0304 as UInt32, at: offset)
        expected.replaceSubrange(offset..<offset + 4, with: hex("01 02 03 04"))
        #expect(written == expected)
    }

    @Test func `a stored word of two octets and one of one octet are laid out alike`() {
        var written = [UInt8](repeating: 0, count: 4)
        var elements = written.mutableSpan
        var span = unsafe elements.mutableBytes
        span.store(0xbeef as UInt16, at: 1)
        span.store(0x7f as UInt8, at: 3)
        #expect(written == hex("00 be ef 7f"))
    }

    @Test func `a load beyond the end traps`() async {
        await #expect(processExitsWith: .failure) { _ = unsafe [1, 2, 3 as UInt8].span.bytes.octet(at: 3) }
        await #expect(processExitsWith: .failure) { _ = unsafe [1, 2, 3 as UInt8].span.bytes.uint16(at: 2) }
        await #expect(processExitsWith: .failure) { _ = unsafe [1, 2, 3 as UInt8].span.bytes.uint32(at: 0) }
        await #expect(processExitsWith: .failure) { _ = unsafe [1, 2, 3 as UInt8].span.bytes.octet(at: -1) }
    }
}
