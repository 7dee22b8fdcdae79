// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import iptund

@Suite struct ICMPMeaningTests {
    static let known: [[UInt8]: String] = [
        [3, 0]: "network unreachable", [3, 1]: "peer unreachable",
        [3, 2]: "the peer takes no IP-in-IP: nothing decapsulates there",
        [3, 3]: "refused: by a firewall, or by a kernel that has no tunnel for this host",
        [3, 4]: "an outer packet is too long for the path, which takes less", [3, 9]: "a firewall forbids protocol 4",
        [3, 10]: "a firewall forbids protocol 4", [3, 13]: "a firewall forbids protocol 4",
        [11, 0]: "the outer TTL ran out: a routing loop, or a TTL that is too low",
    ]

    @Test(arguments: 0...15 as ClosedRange<UInt8>) func `every destination unreachable has a meaning`(code: UInt8) {
        let error = ICMPReport(type: 3, code: code, offender: IPv4Address(192, 0, 2, 9))
        let meaning = Self.known[[3, code]] ?? "destination unreachable"
        #expect(error.description == "\(meaning) (ICMP 3/\(code) from 192.0.2.9)")
    }

    @Test func `the MTU that a router names is said`() {
        let error = ICMPReport(type: 3, code: 4, nextHopMTU: 1400, offender: IPv4Address(192, 0, 2, 9))
        #expect(
            error.description
                == "an outer packet is too long for the path, which takes 1400 (ICMP 3/4 from 192.0.2.9)")
    }

    @Test(arguments: [[11, 0], [11, 1], [12, 0], [4, 0], [5, 1]] as [[UInt8]]) func `others have one, or their numbers`(
        numbers: [UInt8]
    ) {
        let error = ICMPReport(type: numbers[0], code: numbers[1], offender: IPv4Address(192, 0, 2, 9))
        let meaning = Self.known[numbers] ?? "an error"
        #expect(error.description == "\(meaning) (ICMP \(numbers[0])/\(numbers[1]) from 192.0.2.9)")
    }
}
