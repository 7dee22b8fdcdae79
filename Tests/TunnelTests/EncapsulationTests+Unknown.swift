// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Peers that nothing can be sent to yet: their names have no address, or no route tells ours.
@Suite struct EncapsulationUnknownEndTests {
    private let unresolved = Peer(endpoint: nil, host: "b.example", local: Example.local)
    private let withoutLocal = Peer(endpoint: Example.firstEndpoint, local: nil)

    @Test func `a packet for a peer without an address counts as the peer's, and its sender is told`() throws {
        let outcome = encapsulate(TestPacket.outbound.bytes(), by: try TestTunnel(PeerTable([unresolved])))
        #expect(outcome.drop == .unresolved)
        #expect(outcome.peer == Example.first && outcome.outer == nil)
        #expect(outcome.answer == .hostUnreachable)
    }

    @Test func `a packet for a peer that no route leads to counts as the peer's, and its sender is told`() throws {
        let outcome = encapsulate(TestPacket.outbound.bytes(), by: try TestTunnel(PeerTable([withoutLocal])))
        #expect(outcome.drop == .noLocal)
        #expect(outcome.peer == Example.first && outcome.outer == nil)
        #expect(outcome.answer == .hostUnreachable)
    }

    @Test func `an address that becomes known is used from the next packet on`() throws {
        let tunnel = try TestTunnel(PeerTable([unresolved]))
        #expect(encapsulate(TestPacket.outbound.bytes(), by: tunnel).drop == .unresolved)
        var found = unresolved
        found.endpoint = Example.firstEndpoint
        tunnel.encapsulation.rules = RuleSet(table: try PeerTable([found]))
        let outcome = encapsulate(TestPacket.outbound.bytes(), by: tunnel)
        #expect(outcome.drop == nil && outcome.answer == nil)
        #expect(outcome.outer?.destination == Example.firstEndpoint)
        #expect(outcome.outer?.source == Example.local)
    }

    @Test func `other peers are served meanwhile`() throws {
        var other = Peer(endpoint: Example.secondEndpoint, local: Example.local)
        other.allowed = [try Example.prefix("10.2.7.0/24")]
        let tunnel = try TestTunnel(PeerTable([unresolved, other]))
        let packet = TestPacket.outbound.with { $0.destination = Example.seconds }
        #expect(encapsulate(packet.bytes(), by: tunnel).outer?.destination == Example.secondEndpoint)
    }

    @Test func `an inner packet from 0.0.0.0 neither loops nor returns`() throws {
        let from0 = TestPacket.outbound.with { $0.source = .unspecified }
        #expect(encapsulate(from0.bytes(), by: try TestTunnel(PeerTable([unresolved]))).drop == .unresolved)
        #expect(encapsulate(from0.bytes(), by: try TestTunnel(PeerTable([withoutLocal]))).drop == .noLocal)
        let looped = TestPacket.outer(around: [], from: .unspecified, to: Example.firstEndpoint)
        #expect(encapsulate(looped.bytes(), by: try TestTunnel(PeerTable([withoutLocal]))).drop == .noLocal)
        let nowhere = TestPacket.outer(around: [], from: .unspecified, to: .unspecified)
        let nothing = Peer(endpoint: nil, local: nil)
        #expect(encapsulate(nowhere.bytes(), by: try TestTunnel(PeerTable([nothing]))).drop == .unresolved)
    }

    @Test func `what an unresolved peer would send is a stranger's`() throws {
        let tunnel = try TestTunnel(PeerTable([unresolved]))
        #expect(decapsulate(TestPacket.inbound.wrapped(), by: tunnel).drop == .notPeer)
        #expect(decapsulate(TestPacket.inbound.wrapped(from: .unspecified), by: tunnel).drop == .notPeer)
    }

    @Test func `a peer that knows us by no address yet is heard at any of ours`() throws {
        let tunnel = try TestTunnel(PeerTable([withoutLocal]))
        #expect(decapsulate(TestPacket.inbound.wrapped(), by: tunnel).drop == nil)
    }
}
