// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

struct ICMPEchoPacketTests {
    @Test func `a request in a packet of its own`() {
        let request = ICMPEcho(.request, identifier: 0x1994, sequence: 7, payload: [0xde, 0xad, 0xbe])
        #expect(
            request.packet(from: IPv4Address(192, 0, 2, 1), to: IPv4Address(192, 0, 2, 2))
                == hex(
                    """
                    45 00 00 1f  # version 4, IHL 5, DSCP and ECN 0, total length 31
                    00 00 40 00  # identification 0, DF
                    40 01 b6 da  # TTL 64, ICMP, header checksum
                    c0 00 02 01  # 192.0.2.1
                    c0 00 02 02  # 192.0.2.2
                    08 00 41 b6  # echo request
                    19 94 00 07
                    de ad be
                    """))
    }
}
