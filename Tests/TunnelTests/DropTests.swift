// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct DropNameTests {
    @Test(arguments: Drop.allCases) func `a name is kebab-case`(drop: Drop) {
        #expect(drop.name.hasOnly { $0 == "-" || $0.isASCII && ($0.isLowercase || $0.isNumber) })
        #expect(!drop.name.hasPrefix("-") && !drop.name.hasSuffix("-") && !drop.name.contains("--"))
        #expect(drop.name.filter { $0 != "-" } == String(describing: drop).lowercased())
    }

    @Test func `names are unique`() {
        #expect(Set(Drop.allCases.map(\.name)).count == Drop.allCases.count)
    }

    @Test func `abbreviations stay together`() {
        #expect(Drop.notIP.name == "not-ip")
        #expect(Drop.innerIPv6.name == "inner-ipv6")
        #expect(Drop.exceedsMTU.name == "exceeds-mtu")
        #expect(Drop.ttlZero.name == "ttl-zero")
        #expect(Drop.loop.name == "loop")
        #expect(Drop.congestionUnsignalled.name == "congestion-unsignalled")
    }

    @Test func `raw values index counters: they count from 0 without a gap`() {
        #expect(Drop.allCases.map { Int($0.rawValue) } == Array(0..<Drop.allCases.count))
    }
}

/// Every reason that the rules themselves give is provoked by a packet.
@Suite struct DropReasonTests {
    /// What only a source or a sink finds out, with the kernel's help.
    static let byKernel: Set<Drop> = [
        .unreachable, .exceedsMTU, .noBuffers, .forbidden, .sendFailed, .deviceDown, .writeRejected, .writeFailed,
    ]

    /// Routed into the device, and dropped for a reason.
    static let outbound: [(Drop, [UInt8])] = [
        (.truncated, []),
        (.notIP, [0x05]),
        (.innerIPv6, [0x60] + [UInt8](repeating: 0, count: 39)),
        (.headerLength, [0x44] + TestPacket.outbound.bytes().dropFirst()),
        (.totalLength, TestPacket.outbound.bytes().dropLast()),
        (.ttlZero, TestPacket.outbound.with { $0.ttl = 0 }.bytes()),
        (.noPeer, TestPacket.outbound.with { $0.destination = Example.ours }.bytes()),
        (.noPeerMulticast, TestPacket.outbound.with { $0.destination = IPv4Address(224, 0, 0, 251) }.bytes()),
        (.noPeerMulticast, TestPacket.outbound.with { $0.destination = .broadcast }.bytes()),
        (.loop, TestPacket.outer(around: [], from: Example.local, to: Example.firstEndpoint).bytes()),
        (.returning, TestPacket.outbound.with { $0.source = Example.firstEndpoint }.bytes()),
        (.tooLong, TestPacket.outbound.sized(65_516).bytes()),
        (.fragmentationNeeded, TestPacket.outbound.sized(1481).with { $0.fragment = 0x4000 }.bytes()),
    ]

    /// Arrived from the network, and dropped for a reason.
    static let inbound: [(Drop, [UInt8])] = [
        (.truncated, TestPacket.outer(around: []).bytes()),
        (.notIP, TestPacket.outer(around: [0]).bytes()),
        (.innerIPv6, TestPacket.outer(around: [0x60]).bytes()),
        (.headerLength, TestPacket.outer(around: [0x44] + TestPacket.inbound.bytes().dropFirst()).bytes()),
        (.totalLength, TestPacket.outer(around: TestPacket.inbound.bytes().dropLast()).bytes()),
        (.ttlZero, TestPacket.inbound.with { $0.ttl = 0 }.wrapped()),
        (.outerMalformed, []),
        (.outerFragment, TestPacket.outer(around: []).with { $0.fragment = 0x2000 }.bytes()),
        (.notPeer, TestPacket.inbound.wrapped(from: IPv4Address(8, 8, 8, 8))),
        (.notLocal, TestPacket.inbound.wrapped(to: IPv4Address(192, 0, 2, 9))),
        (.innerChecksum, TestPacket.outer(around: TestPacket.inbound.bytes(checksumError: 1)).bytes()),
        (.innerSource, TestPacket.inbound.with { $0.source = Example.seconds }.wrapped()),
        (.martian, TestPacket.inbound.with { $0.source = IPv4Address(127, 0, 0, 1) }.wrapped()),
        (.nested, TestPacket.inbound.with { ($0.carried, $0.destination) = (.ipip, Example.local) }.wrapped()),
        (.congestionUnsignalled, TestPacket.inbound.wrapped(trafficClass: 0b11)),
        (.outerTTL, TestPacket.outer(around: []).with { $0.ttl = 63 }.bytes()),
        (.ownSource, TestPacket.inbound.with { $0.source = IPv4Address(10, 2, 0, 9) }.wrapped()),
        (.linkLocalGroup, TestPacket.inbound.with { $0.destination = IPv4Address(224, 0, 0, 5) }.wrapped()),
    ]

    @Test(arguments: outbound) func `the encapsulating side says why`(drop: Drop, packet: [UInt8]) throws {
        let outcome = encapsulate(packet, by: try DropReasonTests.tunnel())
        #expect(outcome.drop == drop)
        #expect(outcome.outer == nil)
    }

    @Test(arguments: inbound) func `the decapsulating side says why`(drop: Drop, packet: [UInt8]) throws {
        let outcome = decapsulate(packet, by: try DropReasonTests.tunnel())
        #expect(outcome.drop == drop)
    }

    @Test func `a superpacket whose checksum somebody finished is offload`() throws {
        let outcome = encapsulate(TestPacket.outbound.bytes(), by: try DropReasonTests.tunnel(), segmentSize: 1_448)
        #expect(outcome.drop == .offload)
    }

    @Test func `datagrams that were merged cannot be told apart`() throws {
        let merged = TestPacket.inbound.with { ($0.carried, $0.payload) = (.udp, .init(repeating: 1, count: 2_000)) }
        let outcome = decapsulate(merged.unfinished().wrapped(), by: try DropReasonTests.tunnel())
        #expect(outcome.drop == .mergedDatagrams)
    }

    @Test(
        arguments: [
            (nil, nil, .unresolved), (nil, Example.local, .unresolved), (Example.firstEndpoint, nil, .noLocal),
        ] as [(IPv4Address?, IPv4Address?, Drop)])
    func `a way with an unknown end is unresolved or no-local`(
        endpoint: IPv4Address?, local: IPv4Address?, drop: Drop
    ) throws {
        let tunnel = try TestTunnel(PeerTable([Peer(endpoint: endpoint, local: local)]))
        #expect(encapsulate(TestPacket.outbound.bytes(), by: tunnel).drop == drop)
    }

    @Test func `the way that is not carried is one-way`() throws {
        let tunnel = try DropReasonTests.tunnel()
        (tunnel.encapsulation.only, tunnel.decapsulation.only) = (.decapsulate, .encapsulate)
        #expect(encapsulate(TestPacket.outbound.bytes(), by: tunnel).drop == .oneWay)
        #expect(decapsulate(TestPacket.inbound.wrapped(), by: tunnel).drop == .oneWay)
    }

    @Test func `no reason is left without a packet that provokes it`() {
        let provoked = Set((DropReasonTests.outbound + DropReasonTests.inbound).map(\.0)).union([
            .offload, .oneWay, .mergedDatagrams, .unresolved, .noLocal,
        ])
        #expect(provoked.union(DropReasonTests.byKernel) == Set(Drop.allCases))
        #expect(provoked.isDisjoint(with: DropReasonTests.byKernel))
    }

    /// As strict as can be, over Ethernet.
    private static func tunnel() throws -> TestTunnel {
        let tunnel = try TestTunnel(
            Example.table(acceptance: .localOnly), ownAddresses: [IPv4Address(10, 2, 0, 9)],
            policy: OuterPolicy(fragmentation: .copy), pathMTU: 1500)
        tunnel.decapsulation.minimumTTL = 64
        return tunnel
    }
}
