// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct ReporterTests {
    static let peers = [
        Peer(name: "b", endpoint: IPv4Address(192, 0, 2, 1), local: IPv4Address(198, 51, 100, 7), allowed: [.all]),
        Peer(endpoint: IPv4Address(192, 0, 2, 2), local: IPv4Address(198, 51, 100, 7), allowed: []),
    ]
    static let first = PeerIndex(rawValue: 0)
    static let second = PeerIndex(rawValue: 1)
    static let link = Link(index: 7, name: "iptun0", mtu: 1480, isUp: true, isRunning: true)

    private func reporter(_ slots: [Peer?] = ReporterTests.peers) throws -> Reporter {
        let underlay = Underlay(
            peer: IPv4Address(192, 0, 2, 1), local: IPv4Address(198, 51, 100, 7), gateway: nil, routeSource: nil,
            isGatewayOnLink: false,
            device: HostChange.Device(index: 2, name: "eth0"), mtu: 1500)
        return Reporter(
            name: "iptun0", processID: 42, namespace: 4_026_531_840, start: 10_000, underlay: underlay,
            table: try PeerTable(slots: slots), policy: TunnelPolicy(), workers: 1,
            shortfalls: [])
    }

    /// What both directions counted, with everything else as usual.
    private func moment(
        _ out: borrowing Counters, _ back: borrowing Counters, link: Link? = ReporterTests.link, now: UInt64
    ) -> Reporter.Moment {
        Reporter.Moment(
            encapsulated: out.snapshot(), decapsulated: back.snapshot(), pathMTU: [1500, 1400], link: link,
            missingEnd: nil, socketOverflows: 5, now: now)
    }

    @Test func `a tunnel that has seen no packet reports zeros`() throws {
        let zero = Counters(peerCount: 2)
        let report = try reporter().report(moment(zero, zero, now: 12_999))
        let nothing = TunnelReport.Direction(
            received: 0, delivered: 0, dropped: 0, drops: [:], icmpErrors: 0, lastICMPError: nil)
        let none = TunnelReport.Transfer(packets: 0, octets: 0, drops: [:])
        let expected = TunnelReport(
            name: "iptun0", state: .up, pid: 42, namespace: 4_026_531_840, uptimeSeconds: 2, mtu: 1480,
            underlayMTU: 1500, local: "198.51.100.7",
            peers: [
                TunnelReport.Peer(
                    name: "b", endpoint: "192.0.2.1", allowedIPs: ["0.0.0.0/0"], pathMTU: 1500, received: none,
                    sent: none),
                TunnelReport.Peer(endpoint: "192.0.2.2", allowedIPs: [], pathMTU: 1400, received: none, sent: none),
            ],
            encapsulate: nothing, decapsulate: nothing,
            kernelLosses: TunnelReport.KernelLosses(socket: 5, device: 0), privilegeShortfalls: [])
        #expect(report == expected)
    }

    @Test func `a vacant place is not reported, and a peer behind it has its own numbers`() throws {
        let out = Counters(peerCount: 3)
        out.writer.delivered(octets: 100, peer: PeerIndex(rawValue: 2), at: 11_000)
        let unresolved = Peer(endpoint: nil, host: "b.example", local: nil, allowed: [])
        let moment = Reporter.Moment(
            encapsulated: out.snapshot(), decapsulated: Counters(peerCount: 3).snapshot(), pathMTU: [1, 1500, 1400],
            link: ReporterTests.link, missingEnd: nil, socketOverflows: 0, now: 12_000)
        let peers = try reporter([nil, unresolved, ReporterTests.peers[0]]).report(moment).peers
        #expect(peers.map(\.endpoint) == ["b.example", "192.0.2.1"])
        #expect(peers.map(\.pathMTU) == [1500, 1400])
        #expect(peers.map(\.sent.octets) == [0, 100])
    }

    @Test func `packets are counted for their peer, their direction, and the interface`() throws {
        let out = Counters(peerCount: 2)
        let back = Counters(peerCount: 2)
        out.writer.received(4)
        out.writer.delivered(octets: 100, peer: Self.first, at: 11_000)
        out.writer.delivered(octets: 50, peer: Self.first, at: 11_500)
        out.writer.dropped(.noPeer, peer: nil)
        out.writer.dropped(.exceedsMTU, peer: Self.second)
        back.writer.received(3)
        back.writer.delivered(octets: 84, peer: Self.second, at: 12_000)
        back.writer.dropped(.innerSource, peer: Self.second)
        back.writer.dropped(.notPeer, peer: nil)
        let report = try reporter().report(moment(out, back, now: 14_500))
        #expect((report.encapsulate.received, report.encapsulate.delivered, report.encapsulate.dropped) == (4, 2, 2))
        #expect((report.decapsulate.received, report.decapsulate.delivered, report.decapsulate.dropped) == (3, 1, 2))
        #expect(report.encapsulate.drops == ["no-peer": 1])
        #expect(report.decapsulate.drops == ["not-peer": 1])
        #expect(report.peers.map(\.sent.packets) == [2, 0])
        #expect(report.peers.map(\.sent.octets) == [150, 0])
        #expect(report.peers.map(\.sent.drops) == [[:], ["exceeds-mtu": 1]])
        #expect(report.peers.map(\.received.octets) == [0, 84])
        #expect(report.peers.map(\.received.drops) == [[:], ["inner-source": 1]])
        #expect(report.peers.map(\.lastReceivedSecondsAgo) == [nil, 2])
    }

    @Test func `a packet that came after the clock was read came now`() throws {
        let back = Counters(peerCount: 2)
        back.writer.delivered(octets: 84, peer: Self.first, at: 12_001)
        let report = try reporter().report(moment(back, back, now: 12_000))
        #expect(report.peers[0].lastReceivedSecondsAgo == 0)
    }

    @Test func `the last ICMP error is told in words`() throws {
        let back = Counters(peerCount: 2)
        let error = ICMPReport(type: 3, code: 1, offender: IPv4Address(203, 0, 113, 1))
        back.writer.error(ICMPReport(type: 3, code: 0, offender: .unspecified).encoded, peer: Self.second)
        back.writer.error(error.encoded, peer: Self.second)
        let report = try reporter().report(moment(Counters(peerCount: 2), back, link: nil, now: 10_000))
        let text = "peer unreachable (ICMP 3/1 from 203.0.113.1)"
        #expect(report.decapsulate.icmpErrors == 2)
        #expect(report.decapsulate.lastICMPError == text)
        #expect(report.encapsulate.lastICMPError == nil)
        #expect(report.peers.map(\.icmpErrors) == [0, 2])
        #expect(report.peers.map(\.lastICMPError) == [nil, text])
    }

    @Test func `what is counted for the interface alone has a place in its direction`() throws {
        let out = Counters(peerCount: 2)
        let back = Counters(peerCount: 2)
        for (times, tally) in Counters.Tally.allCases.enumerated() {
            out.writer.count(tally, times)
            back.writer.count(tally, times * 100)
        }
        let report = try reporter().report(moment(out, back, now: 10_000))
        for (direction, factor) in [(report.encapsulate, 1), (report.decapsulate, 100)] {
            let shown = [
                direction.strayICMPErrors, direction.superpackets, direction.coalesced, direction.datagrams,
                direction.fragmented, direction.answers, direction.suppressedAnswers, direction.unexpectedECN,
                direction.dangerousECN,
            ]
            #expect(shown == (6...14).map { UInt64($0 * factor) })
        }
    }

    @Test(arguments: [true, false, nil]) func `only a device that is switched on is up`(isUp: Bool?) throws {
        let zero = Counters(peerCount: 2)
        let link = isUp.map { Link(index: 7, name: "iptun0", mtu: 1480, isUp: $0, isRunning: $0) }
        let report = try reporter().report(moment(zero, zero, link: link, now: 10_000))
        #expect(report.state == (isUp == true ? .up : .degraded))
        #expect(report.mtu == (isUp == nil ? 0 : 1480))
        #expect(report.problem == (isUp == true ? nil : "the device is down: ip link set iptun0 up"))
    }

    @Test func `a tunnel whose end is gone is degraded, and says so`() throws {
        let zero = Counters(peerCount: 2).snapshot()
        let moment = Reporter.Moment(
            encapsulated: zero, decapsulated: zero, pathMTU: [1500, 1500], link: Self.link,
            missingEnd: IPv4Address(198, 51, 100, 7), socketOverflows: 0, now: 10_000)
        let report = try reporter().report(moment)
        #expect(report.state == .degraded)
        #expect(report.problem == "198.51.100.7 is no address of this host any more")
    }
}
