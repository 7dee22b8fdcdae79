// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing
import Wire

@Suite struct ErrorQueueTests {
    /// What recvmsg(MSG_ERRQUEUE) gives on a 64-bit machine.
    private func control(origin: UInt8) -> [UInt8] {
        [
            0x30, 0, 0, 0, 0, 0, 0, 0,  // cmsg_len: 48
            0, 0, 0, 0, 0x0b, 0, 0, 0,  // cmsg_level: IPPROTO_IP, cmsg_type: IP_RECVERR
            0x71, 0, 0, 0,  // ee_errno: EHOSTUNREACH
            origin, 11, 1, 0,  // ee_origin, ee_type, ee_code, ee_pad
            0x78, 0x05, 0, 0, 0, 0, 0, 0,  // ee_info: 1400, ee_data
            2, 0, 0, 0, 198, 51, 100, 7,  // sin_family, sin_port, sin_addr
            0, 0, 0, 0, 0, 0, 0, 0,  // sin_zero
        ]
    }

    private func read(_ octets: [UInt8]) -> ICMPReport? { unsafe ICMPReport(control: octets.span.bytes) }

    @Test func `a control message names type, code, MTU and offender`() {
        let octets = control(origin: 2)
        let expected = ICMPReport(type: 11, code: 1, nextHopMTU: 1400, offender: IPv4Address(198, 51, 100, 7))
        #expect(read(octets) == expected)
        #expect(read(octets + [UInt8](repeating: 0, count: 16)) == expected)
    }

    @Test func `other notes may stand before the error`() {
        let way: [UInt8] =
            [28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0]  // cmsg_len: 28, IPPROTO_IP, IP_PKTINFO
            + [1, 0, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0]  // ipi_ifindex, ipi_spec_dst, ipi_addr, padding
        #expect(read(way + control(origin: 2)) == read(control(origin: 2)))
        #expect(read(way) == nil)
    }

    @Test(arguments: [0, 1, 3, 4, 5, 255] as [UInt8]) func `what does not come from ICMP is none`(origin: UInt8) {
        #expect(read(control(origin: origin)) == nil)
    }

    @Test(arguments: 0..<48) func `a control message that is too short is none`(length: Int) {
        #expect(read(Array(control(origin: 2).prefix(length))) == nil)
    }

    @Test func `an MTU beyond 16 bits is the most that 16 bits can say`() {
        var octets = control(origin: 2)
        octets.replaceSubrange(24..<28, with: [0, 0, 1, 0])
        #expect(read(octets)?.nextHopMTU == .max)
    }

    @Test(arguments: 1...133 as ClosedRange<Int32>) func `only what ICMP can cause is about an earlier packet`(
        number: Int32
    ) {
        let fromICMP = [
            ENOPROTOOPT, EHOSTUNREACH, ENETUNREACH, ECONNREFUSED, EACCES, EPROTO, EMSGSIZE, EOPNOTSUPP,
            EHOSTDOWN, ENONET,
        ]
        #expect(Errno(rawValue: number).isAboutEarlierPacket == fromICMP.contains(number))
    }
}
