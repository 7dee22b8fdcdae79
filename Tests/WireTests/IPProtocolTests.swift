// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct IPProtocolTests {
    @Test func `the assigned numbers are those of IANA`() {
        #expect(IPProtocol.icmp.rawValue == 1)
        #expect(IPProtocol.ipip.rawValue == 4)
        #expect(IPProtocol.tcp.rawValue == 6)
        #expect(IPProtocol.udp.rawValue == 17)
    }

    @Test func `a protocol without a name is printed as its number`() {
        #expect([IPProtocol.icmp, .ipip, .tcp, .udp].map(\.description) == ["ICMP", "IPIP", "TCP", "UDP"])
        #expect(IPProtocol(rawValue: 94).description == "protocol 94")
    }

    @Test func `every number is a protocol, and no two are described alike`() {
        let descriptions = (0...255).map { IPProtocol(rawValue: $0).description }
        #expect(Set(descriptions).count == 256)
    }
}
