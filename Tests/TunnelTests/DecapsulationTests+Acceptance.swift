// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Strangers: refused unless somebody opened the door to them, and even then they may not speak for a peer.
@Suite struct DecapsulationAcceptanceTests {
    private static let stranger = IPv4Address(8, 8, 4, 4)
    private static let strangers = IPv4Address(172, 16, 9, 9)
    private let packet = TestPacket(source: strangers, destination: Example.ours)
    private let tunnel: TestTunnel

    init() throws {
        tunnel = try TestTunnel(ownAddresses: [Example.ours, Example.local])
        tunnel.decapsulation.acceptance = .also([.all])
    }

    @Test func `by default a stranger is refused`() throws {
        tunnel.decapsulation.acceptance = .peers
        #expect(receive(packet).drop == .notPeer)
        #expect(try TestTunnel().decapsulation.acceptance == .peers)
    }

    @Test func `a welcome stranger's packet goes on, for the interface`() {
        let outcome = receive(packet)
        #expect(outcome.drop == nil)
        #expect(outcome.peer == nil)
        #expect(outcome.bytes == packet.bytes())
    }

    @Test func `only those in the blocks are welcome`() throws {
        tunnel.decapsulation.acceptance = .also([try Example.prefix("8.8.4.4/32"), try Example.prefix("9.0.0.0/8")])
        for (source, isWelcome) in [
            ("8.8.4.4", true), ("8.8.4.3", false), ("8.8.4.5", false), ("9.0.0.0", true), ("9.255.255.255", true),
            ("10.0.0.0", false),
        ] {
            let outcome = receive(packet, from: try #require(IPv4Address(source)))
            #expect(outcome.drop == (isWelcome ? nil : .notPeer), "\(source)")
        }
        tunnel.decapsulation.acceptance = .also([])
        #expect(receive(packet).drop == .notPeer)
    }

    @Test func `a stranger may not send what is a peer's`() {
        for source in [Example.firsts, Example.seconds, Example.firstEndpoint] {
            let outcome = receive(packet.with { $0.source = source })
            #expect(outcome.drop == .innerSource)
            #expect(outcome.peer == nil)
        }
    }

    @Test func `a peer that may send everything reserves nothing by that`() throws {
        let tunnel = try TestTunnel(PeerTable([Peer(endpoint: Example.firstEndpoint, local: Example.local)]))
        tunnel.decapsulation.acceptance = .also([.all])
        let wrapped = packet.wrapped(from: DecapsulationAcceptanceTests.stranger)
        #expect(decapsulate(wrapped, by: tunnel).drop == nil)
    }

    @Test func `the rest is as strict as with a peer`() {
        let refusals: [(Drop, (inout TestPacket) -> Void)] = [
            (.martian, { $0.source = IPv4Address(127, 0, 0, 1) }), (.martian, { $0.source = .unspecified }),
            (.martian, { $0.source = IPv4Address(224, 0, 0, 1) }),
            (.martian, { $0.source = IPv4Address(240, 0, 0, 1) }),
            (.martian, { $0.destination = IPv4Address(127, 0, 0, 1) }), (.martian, { $0.destination = .unspecified }),
            (.ownSource, { $0.source = Example.ours }), (.ownSource, { $0.source = Example.local }),
            (.linkLocalGroup, { $0.destination = IPv4Address(224, 0, 0, 5) }), (.ttlZero, { $0.ttl = 0 }),
            (.nested, { ($0.carried, $0.destination) = (.ipip, Example.local) }),
            (.nested, { ($0.carried, $0.source) = (.ipip, DecapsulationAcceptanceTests.stranger) }),
            (.nested, { ($0.carried, $0.source) = (.ipip, Example.secondEndpoint) }),
        ]
        for (drop, change) in refusals { #expect(receive(packet.with(change)).drop == drop) }
        #expect(receive(packet, trafficClass: 0b11).drop == .congestionUnsignalled)
    }

    @Test func `a stranger must write to the one address that was given, if one was`() {
        tunnel.decapsulation.local = Example.local
        #expect(receive(packet).drop == nil)
        let elsewhere = packet.wrapped(from: DecapsulationAcceptanceTests.stranger, to: IPv4Address(192, 0, 2, 99))
        #expect(decapsulate(elsewhere, by: tunnel).drop == .notLocal)
        tunnel.decapsulation.local = nil
        #expect(decapsulate(elsewhere, by: tunnel).drop == nil)
    }

    @Test func `a stranger must not come from too far away either`() {
        tunnel.decapsulation.minimumTTL = 65
        #expect(receive(packet).drop == .outerTTL)
    }

    @Test func `a peer stays a peer: its AllowedIPs bind it, whoever else is welcome`() {
        #expect(receive(packet, from: Example.firstEndpoint).drop == .innerSource)
        #expect(receive(packet, from: Example.firstEndpoint).peer == Example.first)
        #expect(receive(TestPacket.inbound, from: Example.firstEndpoint).drop == nil)
    }

    private func receive(
        _ packet: TestPacket, from source: IPv4Address = stranger, trafficClass: UInt8 = 0
    ) -> Outcome {
        decapsulate(packet.wrapped(trafficClass: trafficClass, from: source), by: tunnel)
    }
}

/// Groups of the link, 224.0.0.0/24: routing protocols speak there, and nobody else should.
@Suite struct DecapsulationGroupTests {
    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `a group of the link is let in only from the peer whose AllowedIPs hold it`(last: UInt8) throws {
        let group = IPv4Address(224, 0, 0, last)
        #expect(receive(TestPacket.inbound.with { $0.destination = group }, by: try TestTunnel()) == .linkLocalGroup)
        let tunnel = try TestTunnel(table(with: "224.0.0.0/24"))
        #expect(receive(TestPacket.inbound.with { $0.destination = group }, by: tunnel) == .linkLocalGroup)
        let seconds = TestPacket.inbound.with { ($0.source, $0.destination) = (Example.seconds, group) }
        #expect(receive(seconds, from: Example.secondEndpoint, by: tunnel) == nil)
    }

    @Test(arguments: ["224.0.1.1", "224.1.0.5", "232.0.0.1", "239.255.255.255"])
    func `any other group passes`(group: String) throws {
        let packet = TestPacket.inbound.with { $0.destination = IPv4Address(group) ?? .unspecified }
        #expect(receive(packet, by: try TestTunnel()) == nil)
    }

    @Test func `AllowedIPs of everything hold groups too`() throws {
        let tunnel = try TestTunnel(PeerTable([Peer(endpoint: Example.firstEndpoint, local: Example.local)]))
        #expect(receive(TestPacket.inbound.with { $0.destination = IPv4Address(224, 0, 0, 5) }, by: tunnel) == nil)
    }

    /// The example's peers, of which the second may also send to `group`.
    private func table(with group: String) throws -> PeerTable {
        var peers = try Example.table().peers
        peers[1].allowed.append(try Example.prefix(group))
        return try PeerTable(peers)
    }

    private func receive(
        _ packet: TestPacket, from source: IPv4Address = Example.firstEndpoint, by tunnel: TestTunnel
    ) -> Drop? {
        decapsulate(packet.wrapped(from: source), by: tunnel).drop
    }
}
