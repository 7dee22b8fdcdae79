// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

/// Which longer routes are exceptions from a kill switch.
@Suite struct RouteWayMeaningTests {
    private static let all = ["0.0.0.0/0"]

    struct Row: Sendable, CustomTestStringConvertible {
        let destination: String
        var isByRouter = true
        var maker: UInt8 = 4
        var allowed = RouteWayMeaningTests.all
        let isMeant: Bool

        var testDescription: String { "\(destination) \(isByRouter ? "via" : "dev") proto \(maker) of \(allowed)" }
    }

    // RTPROT_REDIRECT 1, KERNEL 2, BOOT 3, STATIC 4, RA 9, BIRD 12, DHCP 16, ours 203.
    static let table = [
        Row(destination: "192.0.2.0/24", isByRouter: false, maker: 2, isMeant: true),
        Row(destination: "192.0.2.0/24", isByRouter: false, maker: 16, isMeant: true),
        Row(destination: "192.0.0.0/7", isByRouter: false, maker: 2, isMeant: false),
        Row(destination: "203.0.113.0/24", isMeant: true), Row(destination: "203.0.113.9/32", maker: 12, isMeant: true),
        Row(destination: "203.0.113.9/32", maker: 203, isMeant: true), Row(destination: "128.0.0.0/1", isMeant: false),
        Row(destination: "203.0.113.0/24", maker: 1, isMeant: false),
        Row(destination: "203.0.113.0/24", maker: 3, isMeant: false),
        Row(destination: "203.0.113.0/24", maker: 9, isMeant: false),
        Row(destination: "203.0.113.0/24", maker: 16, isMeant: false),
        Row(destination: "10.66.0.0/16", maker: 16, isMeant: true),
        Row(destination: "10.0.0.0/8", maker: 3, isMeant: true),
        Row(destination: "172.16.0.0/11", maker: 3, isMeant: false),
        Row(destination: "100.64.0.0/10", maker: 16, isMeant: true),
        Row(destination: "10.66.0.0/16", maker: 16, allowed: ["10.0.0.0/8"], isMeant: false),
        Row(destination: "10.66.0.0/16", maker: 16, allowed: ["0.0.0.0/1"], isMeant: true),
        Row(destination: "10.66.0.0/16", maker: 4, allowed: ["10.0.0.0/8"], isMeant: true),
    ]

    @Test(arguments: table) func `an exception is what somebody here meant`(row: Row) {
        let way = RouteWay(destination: block(row.destination), isByRouter: row.isByRouter, protocolNumber: row.maker)
        #expect(way.isMeant(row.allowed.map(block)) == row.isMeant)
    }
}
