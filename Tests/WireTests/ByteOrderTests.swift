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

    @Test(arguments: 0...5) func `octets are copied to any offset that has room, and nothing beside them changes`(
        offset: Int
    ) {
        for count in 0...8 - offset {
            var written = [UInt8](repeating: 0xaa, count: 8)
            let source = Array(bytes.prefix(count))
            copy(source, into: &written, at: offset)
            #expect(written == [UInt8](repeating: 0xaa, count: 8).replacing(at: offset, with: source), "\(count)")
        }
    }

    @Test func `nothing can be copied to the end, and into nothing`() {
        var written = bytes
        copy([], into: &written, at: 8)
        #expect(written == bytes)
        var nothing: [UInt8] = []
        copy([], into: &nothing, at: 0)
        #expect(nothing.isEmpty)
    }

    @Test func `a copy that does not fit traps`() async {
        await #expect(processExitsWith: .failure) {
            var target: [UInt8] = [0, 0]
            copy(hex("01 02"), into: &target, at: 1)
        }
        await #expect(processExitsWith: .failure) {
            var target: [UInt8] = [0, 0]
            copy(hex("01"), into: &target, at: -1)
        }
        await #expect(processExitsWith: .failure) {
            var target: [UInt8] = [0, 0]
            copy([], into: &target, at: 3)
        }
    }

    @Test func `a part counts from its own start, and what is stored there lands in the whole`() {
        var written = bytes
        let (count, first) = changing(&written) { whole in
            var part = whole.part(2..<6)
            let first = part.bytes.octet(at: 0)
            part.store(0xbeef as UInt16, at: 2)
            return (part.byteCount, first)
        }
        #expect(count == 4)
        #expect(first == 2)
        #expect(written == hex("00 01 02 03 be ef fe ff"))
    }

    @Test func `a part ends where it ends, and a part beyond the end traps`() async {
        await #expect(processExitsWith: .failure) {
            var target: [UInt8] = [0, 0, 0, 0]
            changing(&target) { whole in
                var part = whole.part(0..<2)
                part.store(1 as UInt16, at: 1)
            }
        }
        await #expect(processExitsWith: .failure) {
            var target: [UInt8] = [0, 0, 0, 0]
            changing(&target) { _ = $0.part(2..<5).byteCount }
        }
    }
}

private func copy(_ source: [UInt8], into target: inout [UInt8], at offset: Int) {
    changing(&target) { $0.copy(source.octets, to: offset) }
}
