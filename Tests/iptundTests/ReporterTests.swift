// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct ReporterTests {
    static let local = IPv4Address(198, 51, 100, 7)
    static let peers = [
        PeerSettings.sample("192.0.2.1", name: "b", allowed: ["0.0.0.0/0"]),
        PeerSettings.sample("192.0.2.2", allowed: []),
    ]
    static let first = PeerIndex(rawValue: 0)
    static let second = PeerIndex(rawValue: 1)
    static let link = Link(index: 7, name: "iptun0", mtu: 1480, isUp: true, isRunning: true)
    static let roster = Roster(peers, local: local)
    static let reporter = Reporter(
        name: "iptun0", device: "iptun0", processID: 42, namespace: 4_026_531_840, start: 10_000,
        startTimeSeconds: 1_790_000_000, workers: 1,
        shortfalls: [])

    /// What both directions counted, with everything else as usual.
    private func report(
        _ out: borrowing Counters, _ back: borrowing Counters, roster: Roster = ReporterTests.roster,
        predecessors: Predecessors = Predecessors(), link: Link? = ReporterTests.link, problem: String? = nil,
        liveness: LivenessBook = LivenessBook(nil), now: UInt64
    ) -> TunnelReport {
        let counted = (encapsulated: out.snapshot(), decapsulated: back.snapshot())
        return Self.reporter.report(
            Reporter.Moment(
                roster: roster, policy: TunnelPolicy(), counted: counted, predecessors: predecessors,
                pathMTU: [1500, 1400, 1300], underlayMTU: 1500, link: link, problem: problem, socketOverflows: 5,
                liveness: liveness, now: now))
    }

    @Test func `a tunnel that has seen no packet reports zeros`() {
        let zero = Counters(peerCount: 2)
        let nothing = TunnelReport.Direction(
            received: 0, delivered: 0, dropped: 0, drops: [:], icmpErrorsReceived: 0, lastICMPError: nil)
        let none = TunnelReport.Transfer(packets: 0, octets: 0, drops: [:])
        let expected = TunnelReport(
            name: "iptun0", device: "iptun0", state: .up, pid: 42, namespace: 4_026_531_840, uptimeSeconds: 2,
            startTimeSeconds: 1_790_000_000, mtu: 1480,
            underlayMTU: 1500, local: "198.51.100.7", mark: .standard,
            peers: [
                TunnelReport.Peer(
                    name: "b", endpoint: "192.0.2.1", local: "198.51.100.7", allowedIPs: ["0.0.0.0/0"], pathMTU: 1500,
                    liveness: .unknown, received: none, sent: none),
                TunnelReport.Peer(
                    endpoint: "192.0.2.2", local: "198.51.100.7", allowedIPs: [], pathMTU: 1400, liveness: .unknown,
                    received: none,
                    sent: none),
            ],
            encapsulate: nothing, decapsulate: nothing,
            kernelLosses: TunnelReport.KernelLosses(socket: 5, device: 0), repairs: 0, privilegeShortfalls: [])
        #expect(report(zero, zero, now: 12_999) == expected)
    }

    @Test func `a vacant place is not reported, and a peer behind it has its own numbers`() {
        var roster = Roster([.sample("192.0.2.9"), .sample("b.example"), Self.peers[0]], local: Self.local)
        let changes = roster.replace(by: [.sample("b.example"), Self.peers[0]])
        #expect(changes?.kept == 2)
        let out = Counters(peerCount: 3)
        out.writer.delivered(octets: 100, peer: PeerIndex(rawValue: 2), at: 11_000)
        let peers = report(out, Counters(peerCount: 3), roster: roster, now: 12_000).peers
        #expect(peers.map(\.endpoint) == [nil, "192.0.2.1"])
        #expect(peers.map(\.host) == ["b.example", nil])
        #expect(peers.map(\.pathMTU) == [1400, 1300])
        #expect(peers.map(\.sent.octets) == [0, 100])
    }

    @Test func `peers come in the order of the configuration, not of their places`() {
        var roster = Self.roster
        let order = [Self.peers[1], .sample("192.0.2.3"), Self.peers[0]]
        let changes = roster.replace(by: order)
        #expect(changes?.kept == 2)
        let zero = Counters(peerCount: 3)
        #expect(
            report(zero, zero, roster: roster, now: 10_000).peers.map(\.endpoint)
                == ["192.0.2.2", "192.0.2.3", "192.0.2.1"])
    }

    @Test func `what was counted before a peer came is not its own`() {
        let out = Counters(peerCount: 2)
        let back = Counters(peerCount: 2)
        out.writer.delivered(octets: 100, peer: Self.first, at: 11_000)
        back.writer.dropped(.innerSource, peer: Self.first)
        var predecessors = Predecessors()
        predecessors.note(0, (out.snapshot(), back.snapshot()))
        out.writer.delivered(octets: 7, peer: Self.first, at: 11_500)
        let report = report(out, back, predecessors: predecessors, now: 12_000)
        #expect(report.peers[0].sent == TunnelReport.Transfer(packets: 1, octets: 7, drops: [:]))
        #expect(report.peers[0].received == TunnelReport.Transfer(packets: 0, octets: 0, drops: [:]))
        #expect(report.encapsulate.delivered == 2)
    }

    @Test func `packets are counted for their peer, their direction, and the interface`() {
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
        let report = report(out, back, now: 14_500)
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

    @Test func `a packet that came after the clock was read came now`() {
        let back = Counters(peerCount: 2)
        back.writer.delivered(octets: 84, peer: Self.first, at: 12_001)
        #expect(report(back, back, now: 12_000).peers[0].lastReceivedSecondsAgo == 0)
    }

    @Test func `the last ICMP error is told in words`() {
        let back = Counters(peerCount: 2)
        let error = ICMPReport(type: 3, code: 1, offender: IPv4Address(203, 0, 113, 1))
        back.writer.error(ICMPReport(type: 3, code: 0, offender: .unspecified).encoded, peer: Self.second)
        back.writer.error(error.encoded, peer: Self.second)
        let report = report(Counters(peerCount: 2), back, link: nil, now: 10_000)
        let text = "peer unreachable (ICMP 3/1 from 203.0.113.1)"
        #expect(report.decapsulate.icmpErrorsReceived == 2)
        #expect(report.decapsulate.lastICMPError == text)
        #expect(report.encapsulate.lastICMPError == nil)
        #expect(report.peers.map(\.icmpErrorsReceived) == [0, 2])
        #expect(report.peers.map(\.lastICMPError) == [nil, text])
    }

    @Test func `what is counted for the interface alone has a place in its direction`() {
        let out = Counters(peerCount: 2)
        let back = Counters(peerCount: 2)
        for (times, tally) in Counters.Tally.allCases.enumerated() {
            out.writer.count(tally, times)
            back.writer.count(tally, times * 100)
        }
        let report = report(out, back, now: 10_000)
        for (direction, factor) in [(report.encapsulate, 1), (report.decapsulate, 100)] {
            let shown = [
                direction.strayICMPErrors, direction.gsoPackets, direction.coalesced, direction.outerPackets,
                direction.fragmented, direction.icmpErrorsSent, direction.icmpErrorsRateLimited,
                direction.unexpectedECN,
                direction.dangerousECN,
            ]
            #expect(shown == (6...14).map { UInt64($0 * factor) })
        }
    }
}
