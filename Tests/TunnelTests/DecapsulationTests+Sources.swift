// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Who may send what: the only protection that a tunnel without authentication has.
@Suite struct DecapsulationSourceTests {
    private let rules: TestTunnel
    private let strict: TestTunnel

    init() throws {
        rules = try TestTunnel()
        strict = try TestTunnel(Example.table(acceptance: .localOnly))
    }

    @Test func `a stranger is no peer, and no peer is blamed`() {
        for source in [IPv4Address(8, 8, 8, 8), Example.local, .unspecified, Example.firsts] {
            let outcome = decapsulate(TestPacket.inbound.wrapped(from: source), by: rules)
            #expect(outcome.drop == .notPeer)
            #expect(outcome.peer == nil)
        }
    }

    @Test func `a peer may send to any of our addresses unless one was named`() {
        let elsewhere = TestPacket.inbound.wrapped(to: IPv4Address(192, 0, 2, 9))
        #expect(decapsulate(elsewhere, by: rules).drop == nil)
        #expect(decapsulate(elsewhere, by: strict).drop == .notLocal)
        #expect(decapsulate(TestPacket.inbound.wrapped(), by: strict).drop == nil)
    }

    @Test func `the longest prefix decides for sources too`() {
        let spoofed = TestPacket.inbound.with { $0.source = Example.seconds }
        #expect(decapsulate(spoofed.wrapped(), by: rules).drop == .innerSource)
        #expect(decapsulate(spoofed.wrapped(from: Example.secondEndpoint), by: rules).peer == Example.second)
        #expect(decapsulate(spoofed.wrapped(from: Example.secondEndpoint), by: rules).drop == nil)
        // And the other way round: the second peer does not own what is around its own block.
        #expect(decapsulate(TestPacket.inbound.wrapped(from: Example.secondEndpoint), by: rules).drop == .innerSource)
    }

    @Test func `a source in nobody's AllowedIPs is dropped, and the peer is blamed`() {
        let outcome = decapsulate(TestPacket.inbound.with { $0.source = Example.ours }.wrapped(), by: rules)
        #expect(outcome.drop == .innerSource)
        #expect(outcome.peer == Example.first)
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `a source is one host's address, even when all are allowed`(
        first: UInt8
    ) throws {
        let source = IPv4Address(first, 1, 2, 3)
        let outcome = decapsulate(TestPacket.inbound.with { $0.source = source }.wrapped(), by: try open())
        #expect(outcome.drop == (source.isUnicast ? nil : .martian))
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `a destination is neither 0 slash 8 nor loopback`(
        first: UInt8
    ) throws {
        let destination = IPv4Address(first, 1, 2, 3)
        let outcome = decapsulate(TestPacket.inbound.with { $0.destination = destination }.wrapped(), by: try open())
        #expect(outcome.drop == ([0, 127].contains(first) ? .martian : nil))
    }

    @Test func `our own addresses are nobody else's source`() throws {
        let ours: Set = [Example.ours, IPv4Address(10, 2, 0, 9)]
        let tunnel = try TestTunnel(
            PeerTable([Peer(endpoint: Example.firstEndpoint, local: Example.local)]), ownAddresses: ours)
        for source in ours.union([Example.local]) {
            let outcome = decapsulate(TestPacket.inbound.with { $0.source = source }.wrapped(), by: tunnel)
            #expect(outcome.drop == .ownSource)
            #expect(outcome.peer == Example.first)
        }
        #expect(decapsulate(TestPacket.inbound.wrapped(), by: tunnel).drop == nil)
    }

    @Test func `the address that the outer packet came to is ours, whether or not it was listed`() throws {
        let other = IPv4Address(192, 0, 2, 9)
        let packet = TestPacket.inbound.with { $0.source = other }
        #expect(decapsulate(packet.wrapped(to: other), by: try open()).drop == .ownSource)
        #expect(decapsulate(packet.wrapped(), by: try open()).drop == nil)
    }

    /// One peer that may send everything.
    private func open() throws -> TestTunnel {
        try TestTunnel(PeerTable([Peer(endpoint: Example.firstEndpoint, local: Example.local)]))
    }
}

/// RFC 2003 §3.2: a tunnel in a tunnel is legal, our own tunnel in our own tunnel is not.
@Suite struct DecapsulationNestedTests {
    @Test func `protocol 4 for our own outer address is nested`() throws {
        let packet = nested(from: Example.firsts, to: Example.local)
        #expect(decapsulate(packet.wrapped(), by: try rules()).drop == .nested)
    }

    @Test func `protocol 4 from the peer's own outer address is nested`() throws {
        let packet = nested(from: Example.firstEndpoint, to: Example.ours)
        #expect(decapsulate(packet.wrapped(), by: try rules()).drop == .nested)
    }

    @Test func `somebody else's tunnel passes`() throws {
        #expect(decapsulate(nested(from: Example.firsts, to: Example.ours).wrapped(), by: try rules()).drop == nil)
    }

    @Test func `between outer addresses anything but protocol 4 passes`() throws {
        let packet = nested(from: Example.firstEndpoint, to: Example.local).with { $0.carried = .icmp }
        #expect(decapsulate(packet.wrapped(), by: try rules()).drop == nil)
    }

    @Test func `protocol 4 for the address that its outer packet came to is nested`() throws {
        let other = IPv4Address(192, 0, 2, 9)
        let packet = nested(from: Example.firsts, to: other).wrapped(to: other)
        let rules = try rules()
        #expect(decapsulate(packet, by: rules).drop == .nested)
    }

    @Test func `protocol 4 that would come back as another peer's is nested`() throws {
        // Our kernel would deliver it to us once more: from the second peer, who may send what the first may not.
        let packet = nested(from: Example.secondEndpoint, to: IPv4Address(255, 255, 255, 255))
        let everything = try PeerTable([
            Peer(endpoint: Example.firstEndpoint, local: Example.local),
            Peer(endpoint: Example.secondEndpoint, local: Example.local, allowed: [Example.prefix("10.9.9.0/24")]),
        ])
        #expect(decapsulate(packet.wrapped(), by: try TestTunnel(everything)).drop == .nested)
    }

    private func nested(from source: IPv4Address, to destination: IPv4Address) -> TestPacket {
        TestPacket(carried: .ipip, source: source, destination: destination, payload: TestPacket.inbound.bytes())
    }

    private func rules() throws -> TestTunnel { try TestTunnel() }
}
