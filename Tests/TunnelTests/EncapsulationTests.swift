// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct EncapsulationTests {
    private let rules: TestTunnel

    init() throws { rules = try TestTunnel() }

    @Test func `with the defaults the outer header is this, octet for octet`() throws {
        let packet = TestPacket.outbound.with { $0.trafficClass = 0xbb }
        let expected = hex(
            """
            45 bb        # version 4, IHL 5; DSCP and ECN of the inner packet, congestion included
            00 30        # total length 20 + 28
            00 00        # identification 0
            40 00        # DF, whatever the inner packet says
            40           # TTL 64
            04           # IP in IP
            00 00        # checksum: the kernel's
            c0 00 02 01  # source 192.0.2.1
            c6 33 64 02  # destination 198.51.100.2
            """)
        let outcome = encapsulate(packet.bytes(), by: rules)
        #expect(try outcome.outerPackets(identification: 0xbeef) == [expected + packet.bytes()])
    }

    @Test func `the inner packet is not changed`() {
        let packet = TestPacket.outbound.with { $0.options = hex("01 01 01 00") }.bytes()
        let outcome = encapsulate(packet, by: rules)
        #expect(outcome.drop == nil)
        #expect(outcome.bytes == packet)
        #expect(outcome.start == 0)
        #expect(outcome.fate == .pending)
        #expect(outcome.peer == Example.first)
    }

    @Test func `what follows the total length is cut off`() {
        let packet = TestPacket.outbound.bytes()
        #expect(encapsulate(packet + [0xff, 0xff, 0xff], by: rules).bytes == packet)
    }

    @Test func `the most specific AllowedIPs decide who gets the packet`() throws {
        let packet = TestPacket.outbound.with { $0.destination = Example.seconds }
        let outcome = encapsulate(packet.bytes(), by: rules)
        #expect(outcome.peer == Example.second)
        #expect(outcome.outer?.destination == Example.secondEndpoint)
        #expect(outcome.outer?.source == Example.local)
    }

    @Test func `a destination in no AllowedIPs belongs to nobody, and its sender is told`() {
        let outcome = encapsulate(TestPacket.outbound.with { $0.destination = Example.ours }.bytes(), by: rules)
        #expect(outcome.drop == .noPeer)
        #expect(outcome.peer == nil)
        #expect(outcome.answer == .hostUnreachable)
    }

    @Test func `a tunnel that only decapsulates sends nothing, blames no peer, and says so`() {
        rules.encapsulation.only = .decapsulate
        let outcome = encapsulate(TestPacket.outbound.bytes(), by: rules)
        #expect(outcome.drop == .oneWay)
        #expect(outcome.peer == nil && outcome.outer == nil)
        #expect(outcome.answer == .hostUnreachable)
        // What is no packet at all is called that, in whatever direction.
        #expect(encapsulate([0x60], by: rules).drop == .innerIPv6)
        rules.encapsulation.only = .encapsulate
        #expect(encapsulate(TestPacket.outbound.bytes(), by: rules).drop == nil)
    }

    @Test func `new rules count from the next packet on`() throws {
        #expect(encapsulate(TestPacket.outbound.bytes(), by: rules).peer == Example.first)
        rules.encapsulation.rules = RuleSet(table: try PeerTable([]))
        #expect(encapsulate(TestPacket.outbound.bytes(), by: rules).drop == .noPeer)
    }
}

/// RFC 2003 §3.2: packets that would go round and round.
@Suite struct EncapsulationLoopTests {
    @Test func `our own outer packet is a loop`() throws {
        let outcome = encapsulate(outerPacket(to: Example.firstEndpoint), by: try rules())
        #expect(outcome.drop == .loop)
        #expect(outcome.peer == Example.first)
    }

    @Test func `our own outer packet is a loop on its way to any peer, whoever is routed where`() throws {
        let open = try TestTunnel(PeerTable([Peer(endpoint: Example.firstEndpoint, local: Example.local)]))
        let looped = encapsulate(outerPacket(to: Example.firstEndpoint), by: open)
        #expect(looped.drop == .loop)
        #expect(looped.answer == nil)
        // Wrapped once more it would still be ours.
        let twice = TestPacket.outer(
            around: outerPacket(to: Example.firstEndpoint), from: Example.local, to: Example.firstEndpoint)
        #expect(encapsulate(twice.bytes(), by: open).drop == .loop)
    }

    @Test func `a tunnel of somebody else may pass through ours`() throws {
        let foreign = TestPacket.outer(around: [0x45], from: Example.ours, to: Example.firstEndpoint)
        #expect(encapsulate(foreign.bytes(), by: try rules()).drop == nil)
        let elsewhere = TestPacket.outer(around: [0x45], from: Example.local, to: Example.firsts)
        #expect(encapsulate(elsewhere.bytes(), by: try rules()).drop == nil)
    }

    @Test func `between the two outer addresses only protocol 4 is a loop`() throws {
        let ping = TestPacket.outbound.with {
            ($0.carried, $0.source, $0.destination) = (.icmp, Example.local, Example.firstEndpoint)
        }
        #expect(encapsulate(ping.bytes(), by: try rules()).drop == nil)
    }

    @Test func `a packet from the peer's outer address is not sent back to it`() throws {
        let packet = TestPacket.outbound.with { $0.source = Example.firstEndpoint }
        #expect(encapsulate(packet.bytes(), by: try rules()).drop == .returning)
        let toAnother = packet.with { $0.destination = Example.seconds }
        #expect(encapsulate(toAnother.bytes(), by: try rules()).drop == nil)
    }

    @Test func `an outer packet to one peer is not wrapped for another`() throws {
        // Each peer's address lies in the other's AllowedIPs: without this rule a packet is wrapped in turn, for ever.
        let table = try PeerTable([
            Peer(endpoint: Example.firstEndpoint, local: Example.local, allowed: [Example.prefix("203.0.113.0/24")]),
            Peer(endpoint: Example.secondEndpoint, local: Example.local, allowed: [Example.prefix("198.51.100.0/24")]),
        ])
        let rules = try TestTunnel(table)
        #expect(encapsulate(outerPacket(to: Example.firstEndpoint), by: rules).drop == .loop)
    }

    @Test func `what another tunnel of this host wrapped has one hop less, whatever the policy says`() throws {
        let policies = [OuterPolicy(), OuterPolicy(ttl: .fixed(.maximum)), OuterPolicy(ttl: .inherit)]
        for policy in policies {
            let tunnel = try TestTunnel(ownAddresses: [Example.local, Example.ours], policy: policy)
            for ttl in 2...255 {
                let nested = otherTunnelsPacket().with { $0.ttl = UInt8(ttl) }
                let outcome = encapsulate(nested.bytes(), by: tunnel)
                #expect(outcome.drop == nil && outcome.outer?.ttl.rawValue == UInt8(ttl - 1))
            }
            let last = encapsulate(otherTunnelsPacket().with { $0.ttl = 1 }.bytes(), by: tunnel)
            #expect(last.drop == .loop && last.peer == Example.first && last.answer == nil)
        }
    }

    @Test func `what is too long of it is never cut once more, but whoever made it is told what fits`() throws {
        for fragmentation in OuterPolicy.FragmentationPolicy.allCases {
            let tunnel = try TestTunnel(
                ownAddresses: [Example.ours], policy: OuterPolicy(fragmentation: fragmentation), pathMTU: 100)
            for isWhole in [true, false] {
                let long = otherTunnelsPacket().with {
                    $0.payload = [UInt8](repeating: 0x45, count: 80)
                    $0.fragment = isWhole ? 0 : 0x2000
                }
                let outcome = encapsulate(long.bytes(), by: tunnel)
                #expect(outcome.drop == .fragmentationNeeded && outcome.answer == .fragmentationNeeded(mtu: 80))
            }
        }
    }

    @Test func `fragments of it have, too`() throws {
        let tunnel = try TestTunnel(ownAddresses: [Example.ours])
        let fragment = otherTunnelsPacket().with { ($0.ttl, $0.fragment) = (9, 1480 / 8) }
        #expect(encapsulate(fragment.bytes(), by: tunnel).outer?.ttl.rawValue == 8)
    }

    @Test func `protocol 4 of another host is a packet like any other`() throws {
        let tunnel = try TestTunnel(ownAddresses: [Example.local])
        #expect(encapsulate(otherTunnelsPacket().bytes(), by: tunnel).outer?.ttl == .standard)
        let ping = TestPacket.outbound.with { ($0.carried, $0.source, $0.ttl) = (.icmp, Example.local, 9) }
        #expect(encapsulate(ping.bytes(), by: tunnel).outer?.ttl == .standard)
    }

    private func rules() throws -> TestTunnel { try TestTunnel() }

    /// To an address behind the first peer, which is no peer's own.
    private func otherTunnelsPacket() -> TestPacket {
        TestPacket.outer(around: TestPacket.outbound.bytes(), from: Example.ours, to: Example.firsts)
    }

    private func outerPacket(to destination: IPv4Address) -> [UInt8] {
        TestPacket.outer(around: TestPacket.outbound.bytes(), from: Example.local, to: destination).bytes()
    }
}
