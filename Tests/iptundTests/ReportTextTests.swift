// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct ReportTextTests {
    @Test(
        arguments: [
            (0, "0s"), (1, "1s"), (59, "59s"), (60, "1m"), (61, "1m 1s"), (3_599, "59m 59s"), (3_600, "1h"),
            (3_601, "1h"),
            (3_660, "1h 1m"), (3_661, "1h 1m"), (86_399, "23h 59m"), (86_400, "1d"), (86_460, "1d"), (90_000, "1d 1h"),
            (273_600, "3d 4h"), (31_536_000, "365d"), (UInt64.max, "213503982334601d 7h"),
        ] as [(UInt64, String)])
    func `a length of time has its two largest units`(seconds: UInt64, text: String) {
        #expect(ReportText.duration(seconds) == text)
    }

    @Test(
        arguments: [
            (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (1029, "1.00 KiB"), (1030, "1.01 KiB"),
            (1536, "1.50 KiB"), (1 << 20, "1.00 MiB"), (1 << 30, "1.00 GiB"), (1_288_490_189, "1.20 GiB"),
            (1 << 40, "1.00 TiB"), (1 << 50, "1.00 PiB"), (1 << 60, "1.00 EiB"), (UInt64.max, "16.00 EiB"),
        ] as [(UInt64, String)])
    func `octets are in the largest binary unit`(octets: UInt64, text: String) {
        #expect(ReportText.size(octets) == text)
    }

    @Test func `no size has 1024 of a unit that has a larger one`() {
        #expect(ReportText.size((1 << 20) - 1) == "1.00 MiB")
        #expect(ReportText.size((1 << 30) - 1) == "1.00 GiB")
    }

    @Test func `a report has the shape of wg show`() {
        #expect(
            ReportText.text(.sample) == """
                interface: tunl-b
                  state: up 3d 4h   mtu: 1480 (path 1500)   local: 111.112.101.37
                  carries one way only: encapsulate
                  accepts from: peers, 192.0.2.0/24
                  packets of others: 0 received
                  drops without a peer: 2 received (not-peer 2), 0 sent
                  lost in the kernel: 12 at the socket, 13 at the device
                  cut into fragments: 5 packets
                  icmp errors sent inside: 7, 7 too many
                  icmp errors about others: 9
                  strange ecn outside: 21 packets, 11 of them alarming
                  privilege: bounding set not emptied

                peer: b  b.example  111.112.100.86
                  allowed ips: 111.112.100.0/24, 10.0.0.0/8
                  problem: there is no way to it
                  path mtu: 1400, so 1380 inside
                  icmp errors: 4, last: peer unreachable (ICMP 3/1 from 192.0.2.9)
                  last received: 2s ago
                  transfer: 1.20 GiB received, 3.00 KiB sent
                  packets: 1000 received, 2 sent
                  drops: 14 received (inner-source 12, martian 1, truncated 1), 0 sent

                """)
    }

    @Test func `a quiet tunnel has a short report`() {
        var report = TunnelReport.sample
        report.state = .degraded
        (report.only, report.acceptFrom) = (nil, "peers")
        report.encapsulate = TunnelReport.Direction(
            received: 2, delivered: 2, dropped: 0, drops: [:], icmpErrorsReceived: 0)
        report.decapsulate = report.encapsulate
        report.kernelLosses = TunnelReport.KernelLosses()
        report.privilegeShortfalls = []
        (report.peers[0].name, report.peers[0].host, report.peers[0].problem) = (nil, nil, nil)
        report.peers[0].lastReceivedSecondsAgo = nil
        report.peers[0].lastICMPError = nil
        report.peers[0].pathMTU = 1500
        report.peers[0].received.drops = [:]
        #expect(
            ReportText.text(report) == """
                interface: tunl-b
                  state: degraded 3d 4h   mtu: 1480 (path 1500)   local: 111.112.101.37

                peer: 111.112.100.86
                  allowed ips: 111.112.100.0/24, 10.0.0.0/8
                  transfer: 1.20 GiB received, 3.00 KiB sent
                  packets: 1000 received, 2 sent

                """)
    }

    @Test func `a packet of this very second came now`() {
        var report = TunnelReport.sample
        report.peers[0].lastReceivedSecondsAgo = 0
        #expect(ReportText.text(report).contains("  last received: now\n"))
    }

    @Test func `reasons come by how often they occurred, then by name`() {
        var report = TunnelReport.sample
        report.peers[0].received.drops = ["b": 1, "a": 1, "c": 5, "d": 2]
        report.peers[0].sent.drops = ["exceeds-mtu": 3]
        #expect(ReportText.text(report).contains("  drops: 9 received (c 5, d 2, a 1, b 1), 3 sent (exceeds-mtu 3)\n"))
    }

    @Test func `while no way is known there is no path to speak of, and a name stands for its peer`() {
        var report = TunnelReport.sample
        report.underlayMTU = 0
        (report.peers[0].name, report.peers[0].endpoint) = (nil, nil)
        let text = ReportText.text(report)
        #expect(text.contains("   mtu: 1480   local: "))
        #expect(text.contains("\npeer: b.example\n"))
        #expect(!text.contains("path mtu"))
        #expect(Status.line(report).contains(" to b.example, mtu 1480"))
    }

    @Test func `of many peers the first three stand in the line`() {
        var report = TunnelReport.sample
        report.peers = .init(repeating: report.peers[0], count: 5)
        #expect(Status.line(report).contains(" to 111.112.100.86, 111.112.100.86, 111.112.100.86, 2 more, mtu"))
        report.peers = []
        #expect(Status.line(report).contains(" to nobody, mtu"))
    }

    @Test func `status is one line`() {
        var report = TunnelReport.sample
        #expect(Status.line(report) == "tunl-b: up 3d 4h, 111.112.101.37 to 111.112.100.86, mtu 1480, 17 dropped")
        (report.state, report.problem) = (.degraded, "the device is down: ip link set tunl-b up")
        #expect(
            Status.line(report) == "tunl-b: degraded (the device is down: ip link set tunl-b up) 3d 4h, "
                + "111.112.101.37 to 111.112.100.86, mtu 1480, 17 dropped")
    }

    @Test func `what a peer answered is a line, and a peer that does not answer is one of the status`() {
        var report = TunnelReport.sample
        #expect(!ReportText.text(report).contains("liveness"))
        #expect(Status.silent(report) == [])
        report.peers[0].liveness = .up
        (report.peers[0].rttMicroseconds, report.peers[0].lossPercent) = (1_234, 6)
        report.peers[0].proof = .oneLeg
        #expect(
            ReportText.text(report).contains(
                "\n  liveness: up, rtt 1.23 ms, loss 6 %, the way there alone is proven\n"))
        #expect(Status.silent(report) == [])
        report.peers[0].liveness = .down
        report.peers[0].proof = nil
        #expect(Status.silent(report) == ["peer b: down, rtt 1.23 ms, loss 6 %, last received 2s ago"])
        report.peers[0].lastReceivedSecondsAgo = nil
        #expect(Status.silent(report).first?.hasSuffix(", nothing received yet") == true)
    }

    @Test(arguments: [(0, "0.00"), (4, "0.00"), (5, "0.01"), (999, "1.00"), (12_345, "12.35")] as [(UInt64, String)])
    func `a round trip is said in milliseconds`(microseconds: UInt64, text: String) {
        #expect(ReportText.milliseconds(microseconds) == text)
    }
}
