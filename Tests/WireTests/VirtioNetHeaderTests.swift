// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct VirtioNetHeaderTests {
    @Test func `the fields are little-endian and stand where virtio 1.2 §5.1.6 puts them`() {
        let header = VirtioNetHeader(
            checksum: .partial(start: 20, offset: 16), segmentation: .tcp4, segmentSize: 1_448, headerLength: 52)
        let expected = hex(
            """
            01     # flags: NEEDS_CSUM
            01     # gso type: TCPV4
            34 00  # header length 52
            a8 05  # segment size 1448
            14 00  # checksum start 20
            10 00  # checksum offset 16
            """)
        #expect(write(header) == expected)
        #expect(read(expected) == header)
    }

    @Test func `an ordinary packet has a header of zeros`() {
        #expect(write(VirtioNetHeader()) == [UInt8](repeating: 0, count: 10))
        #expect(read([UInt8](repeating: 0, count: 10)) == VirtioNetHeader())
    }

    @Test(arguments: VirtioNetHeader.Segmentation.allCases)
    func `what is written is read back, whatever the fields hold`(segmentation: VirtioNetHeader.Segmentation) throws {
        let values: [UInt16] = [0, 1, 0xff, 0x100, 0x1234, 0x7fff, 0x8000, 0xfffe, 0xffff]
        for size in values {
            for length in values {
                var states: [ChecksumState] = [.unknown, .valid]
                states += values.map { .partial(start: $0, offset: length) }
                for state in states {
                    let header = VirtioNetHeader(
                        checksum: state, segmentation: segmentation, segmentSize: size, headerLength: length)
                    try #require(read(write(header)) == header)
                }
            }
        }
    }

    @Test func `all 256 kinds of segmentation: five are known, with or without the ECN bit`() {
        for kind in 0...255 as ClosedRange<UInt8> {
            let header = read([0, kind] + [UInt8](repeating: 0, count: 8))
            let expected: VirtioNetHeader.Segmentation? =
                switch kind & 0x7f {
                case 0: VirtioNetHeader.Segmentation.none
                case 1: .tcp4
                case 3: .udpFragments
                case 4: .tcp6
                case 5: .udp
                default: nil
                }
            #expect(header?.segmentation == expected, "\(kind)")
        }
    }

    @Test func `all 256 flag octets: NEEDS_CSUM wins over DATA_VALID, others do not matter`() {
        for flags in 0...255 as ClosedRange<UInt8> {
            let header = read([flags, 0, 0, 0, 0, 0] + hex("14 00  06 00"))
            let expected: ChecksumState =
                if flags & 1 != 0 { .partial(start: 20, offset: 6) } else if flags & 2 != 0 { .valid } else { .unknown }
            #expect(header?.checksum == expected, "\(flags)")
        }
    }

    @Test(arguments: 0...9) func `fewer than 10 octets are no header`(count: Int) {
        #expect(read([UInt8](repeating: 0, count: count)) == nil)
    }

    @Test func `what follows the header is not looked at`() {
        #expect(read([UInt8](repeating: 0, count: 10) + [0xff, 0xff]) == VirtioNetHeader())
    }

    private func read(_ bytes: [UInt8]) -> VirtioNetHeader? { unsafe VirtioNetHeader(reading: bytes.span.bytes) }

    private func write(_ header: VirtioNetHeader) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xaa, count: VirtioNetHeader.length)
        var elements = bytes.mutableSpan
        var span = unsafe elements.mutableBytes
        header.write(to: &span)
        return bytes
    }
}
