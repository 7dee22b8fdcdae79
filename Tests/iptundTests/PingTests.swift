// SPDX-License-Identifier: Apache-2.0

import Configuration
import Diagnosis
import Testing
import Wire

@testable import iptund

@Suite struct PingTests {
    @Test(arguments: ["b", "b.example", "111.112.100.86"]) func `a peer is found by name, host and outer address`(
        text: String
    ) throws {
        let found = try Ping.find(text, in: .sample)
        #expect(found.place == 0)
        #expect(found.address == nil)
    }

    @Test func `an inner address is whose longest prefix holds it`() throws {
        var report = TunnelReport.sample
        var other = report.peers[0]
        (other.name, other.host, other.endpoint, other.allowedIPs) = ("c", nil, "192.0.2.9", ["10.1.0.0/16"])
        report.peers.append(other)
        #expect(try Ping.find("10.1.2.3", in: report) == (1, IPv4Address(10, 1, 2, 3)))
        #expect(try Ping.find("10.2.2.3", in: report) == (0, IPv4Address(10, 2, 2, 3)))
    }

    @Test(arguments: ["c", "192.0.2.77", ""]) func `who is nobody's is wrong usage, and the peers are named`(
        text: String
    ) {
        let complaint = #expect(throws: Complaint.self) { _ = try Ping.find(text, in: .sample) }
        #expect(complaint?.exitCode == 2)
        #expect(complaint?.whatNow == "its peers: b")
    }

    @Test(
        arguments: [(0, "0.000"), (7, "0.007"), (312, "0.312"), (1_000, "1.000"), (61_020, "61.020")]
            as [(UInt64, String)])
    func `times are printed in milliseconds`(time: UInt64, text: String) {
        #expect(PingText.milliseconds(time) == text)
    }

    @Test func `every leg has its words`() {
        let words = PeerProbe.Leg.allCases.map { leg in
            var probe = PeerProbe(peer: "b", endpoint: IPv4Address(192, 0, 2, 2))
            switch leg {
            case .none: probe.inner = .init(sent: 1, answered: 1)
            case .here: probe.sentDrops = ["forbidden": 1]
            case .underlay: probe.reports = [ICMPReport(type: 11, code: 0, offender: probe.endpoint)]
            case .filtered: probe.reports = [ICMPReport(type: 3, code: 13, offender: probe.endpoint)]
            case .decapsulator: probe.reports = [ICMPReport(type: 3, code: 2, offender: probe.endpoint)]
            case .endpoint: probe.reports = [ICMPReport(type: 3, code: 3, offender: probe.endpoint)]
            case .silent: break
            case .inside: probe.received = 1
            case .back: probe.lostHere = 1
            case .address: probe.otherLocals = [IPv4Address(192, 0, 2, 77)]
            }
            #expect(probe.leg == leg)
            return PingText.explanation(probe)
        }
        #expect(Set(words).count == words.count)
    }

    @Test func `a neighbour without an address is silent, one with an address is not`() {
        let address = IPv4Address(192, 0, 2, 2)
        #expect(ARPTable.isSilent(address, in: "192.0.2.2  0x1  0x0  00:00:00:00:00:00  *  eth0"))
        #expect(!ARPTable.isSilent(address, in: "192.0.2.2  0x1  0x2  02:00:00:00:00:01  *  eth0"))
        #expect(!ARPTable.isSilent(address, in: "192.0.2.22  0x1  0x0  00:00:00:00:00:00  *  eth0"))
        #expect(!ARPTable.isSilent(address, in: "IP address  HW type  Flags  HW address  Mask  Device"))
    }

    @Test func `an inner packet of ours is one that everybody takes`() throws {
        let echo = ICMPEcho(.request, identifier: 1, sequence: 2, payload: [3, 4])
        let octets = echo.packet(from: IPv4Address(10, 0, 0, 1), to: IPv4Address(10, 0, 0, 2))
        let packet = try IPv4Packet(octets.octets)
        let (isValid, content) = (packet.hasValidHeaderChecksum, ICMPEcho(in: packet))
        #expect(isValid)
        #expect(content == echo)
        #expect(Array(octets[12..<20]) == [10, 0, 0, 1, 10, 0, 0, 2])
    }
}
