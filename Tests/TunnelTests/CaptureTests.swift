// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// What Linux itself sends (Tests/Fixtures/README.md) goes through the rules.
@Suite struct CaptureTests {
    static let names = ["01-default", "03-tos-inherit", "08-big-mtu1480", "20-ecn-decap", "28-options", "35-tcp"]
    static let kernel = IPv4Address(10, 77, 0, 2)
    static let us = IPv4Address(10, 77, 0, 1)

    @Test(arguments: names) func `everything that a Linux peer sends is accepted, and unwrapped to what is inside`(
        name: String
    ) throws {
        let rules = Decapsulation(
            table: try CaptureTests.table(ours: CaptureTests.us, peer: CaptureTests.kernel), mtu: 1480)
        let packets = try capturedPackets(name).filter { try HeaderFacts($0).source == CaptureTests.kernel }
        #expect(!packets.isEmpty)
        for packet in packets {
            let outer = try HeaderFacts(packet)
            #expect(outer.carried == .ipip)
            let outcome = decapsulate(packet, by: rules)
            #expect(outcome.drop == nil)
            let inner = try HeaderFacts(outcome.bytes)
            #expect([IPv4Address(172, 31, 0, 2), IPv4Address(192, 168, 50, 2)].contains(inner.source))
            #expect(inner.destination == IPv4Address(172, 31, 0, 1))
            #expect(outcome.bytes == outer.payload)
        }
    }

    @Test func `the number of packets is that of the captures`() throws {
        #expect(try CaptureTests.names.map { try capturedPackets($0).count } == [6, 6, 2, 31, 1, 2])
    }

    @Test func `all 16 combinations of ECN are decapsulated as Linux does it`() throws {
        let packets = try capturedPackets("20-ecn-decap")
        var replies: [UInt8: UInt8] = [:]
        for packet in packets where try HeaderFacts(packet).source == CaptureTests.kernel {
            let inner = try HeaderFacts(HeaderFacts(packet).payload)
            replies[inner.payload[7]] = inner.trafficClass
        }
        // Here we stand where the kernel stood.
        let rules = Decapsulation(
            table: try CaptureTests.table(ours: CaptureTests.kernel, peer: CaptureTests.us), mtu: 1480)
        var results: [UInt8: UInt8] = [:]
        for packet in packets where try HeaderFacts(packet).source == CaptureTests.us {
            let outcome = decapsulate(packet, by: rules)
            let sequenceNumber = try HeaderFacts(HeaderFacts(packet).payload).payload[7]
            if outcome.drop == nil {
                results[sequenceNumber] = try HeaderFacts(outcome.bytes).trafficClass
            } else {
                #expect(outcome.drop == .congestionUnsignalled)
                #expect(sequenceNumber == 0x30)
            }
        }
        #expect(results.count == 15)
        #expect(results == replies)
    }

    @Test(arguments: ["01-default", "03-tos-inherit", "08-big-mtu1480", "28-options", "35-tcp"])
    func `our outer header says what that of Linux says, but for congestion`(name: String) throws {
        // Linux is set to inherit the TTL. It sends an outer ECT(0) for an inner CE, as RFC 3168 had it.
        let table = try PeerTable([Peer(endpoint: CaptureTests.us, local: CaptureTests.kernel)])
        let rules = Encapsulation(table: table, ttl: .inherit)
        for packet in try capturedPackets(name) {
            let theirs = try HeaderFacts(packet)
            let ours = try #require(encapsulate(theirs.payload, by: rules).outer)
            #expect(ours.source == theirs.source && ours.destination == theirs.destination)
            #expect(ours.ttl.rawValue == theirs.ttl)
            #expect((ours.fragmentation == .forbidden) == theirs.dontFragment)
            #expect(ours.trafficClass & 0xfc == theirs.trafficClass & 0xfc)
            let congestion = ECN(trafficClass: ours.trafficClass)
            #expect(ECN(trafficClass: theirs.trafficClass) == (congestion == .ce ? .ect0 : congestion))
        }
    }

    private static func table(ours: IPv4Address, peer: IPv4Address) throws -> PeerTable {
        let allowed = try ["172.31.0.0/24", "192.168.50.0/24"].map { try #require(Prefix($0)) }
        return try PeerTable([Peer(endpoint: peer, local: ours, acceptance: .localOnly, allowed: allowed)])
    }
}
