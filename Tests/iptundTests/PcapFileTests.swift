// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import iptund

/// The octets of a capture file, as draft-ietf-opsawg-pcap has them.
@Suite struct PcapFileTests {
    @Test func `a file without packets is its header`() {
        #expect(
            PcapFile.bytes([]) == [
                0xd4, 0xc3, 0xb2, 0xa1,  // magic number, little-endian, microseconds
                2, 0, 4, 0,  // version 2.4
                0, 0, 0, 0, 0, 0, 0, 0,  // reserved
                0xff, 0xff, 0, 0,  // longest packet
                101, 0, 0, 0,  // LINKTYPE_RAW
            ])
    }

    @Test func `a packet follows its time and its length, twice`() {
        let frame = Capture.Frame(time: 0x0102_0304 * 1_000_000 + 999_999, bytes: [0x45, 0, 0])
        #expect(
            PcapFile.bytes([frame]).dropFirst(24) == [
                4, 3, 2, 1,  // seconds
                0x3f, 0x42, 0x0f, 0,  // microseconds
                3, 0, 0, 0, 3, 0, 0, 0,  // captured, original
                0x45, 0, 0,
            ])
    }
}
