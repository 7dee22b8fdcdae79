// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Tunnel
@testable import iptund

@Suite struct MetricsTextTests {
    /// A tunnel with something in every field, a stuck one, and the time of day.
    static let input = MetricsInput(
        version: "1.2.3", reports: [.sample], unreadable: ["stuck"], now: 1_790_273_600.75)

    private func lines(_ input: MetricsInput = MetricsTextTests.input) -> [Substring] {
        MetricsText.text(input).split(separator: "\n")
    }

    @Test(
        arguments: [
            #"iptund_build_info{version="1.2.3"} 1"#,
            #"iptund_tunnel_readable{tunnel="tunl-b"} 1"#,
            #"iptund_tunnel_readable{tunnel="stuck"} 0"#,
            #"iptund_tunnel_info{tunnel="tunl-b",device="tunl-b",local="111.112.101.37"} 1"#,
            #"iptund_tunnel_up{tunnel="tunl-b"} 1"#,
            #"iptund_tunnel_start_time_seconds{tunnel="tunl-b"} 1790000000"#,
            #"iptund_tunnel_mtu_bytes{tunnel="tunl-b"} 1480"#,
            #"iptund_tunnel_underlay_mtu_bytes{tunnel="tunl-b"} 1500"#,
            #"iptund_tunnel_privilege_shortfalls{tunnel="tunl-b"} 1"#,
            #"iptund_tunnel_kernel_lost_packets_total{tunnel="tunl-b",place="socket"} 12"#,
            #"iptund_tunnel_kernel_lost_packets_total{tunnel="tunl-b",place="device"} 13"#,
            #"iptund_tunnel_received_packets_total{tunnel="tunl-b",direction="decapsulate"} 1016"#,
            #"iptund_tunnel_icmp_errors_rate_limited_total{tunnel="tunl-b",direction="encapsulate"} 7"#,
            #"iptund_dropped_packets_total{tunnel="tunl-b",direction="decapsulate",reason="not-peer"} 2"#,
            #"iptund_dropped_packets_total{tunnel="tunl-b",direction="encapsulate",reason="no-local"} 0"#,
            #"iptund_dropped_packets_total{tunnel="tunl-b",peer="b",direction="decapsulate",reason="inner-source"} 12"#,
            #"iptund_peer_problem{tunnel="tunl-b",peer="b"} 1"#,
            #"iptund_peer_packets_total{tunnel="tunl-b",peer="b",direction="encapsulate"} 2"#,
            #"iptund_peer_bytes_total{tunnel="tunl-b",peer="b",direction="decapsulate"} 1288490189"#,
            #"iptund_peer_icmp_errors_received_total{tunnel="tunl-b",peer="b"} 4"#,
            #"iptund_peer_path_mtu_bytes{tunnel="tunl-b",peer="b"} 1400"#,
            #"iptund_peer_last_received_timestamp_seconds{tunnel="tunl-b",peer="b"} 1790273598"#,
        ])
    func `what a report says is there under its name`(line: String) {
        #expect(lines().contains { $0 == line })
    }

    @Test func `every reason for drops that belong to nobody is there from the start`() {
        var report = TunnelReport.sample
        (report.decapsulate.drops, report.peers) = ([:], [])
        let input = MetricsInput(version: "1", reports: [report], unreadable: [], now: 0)
        let drops = lines(input).filter { $0.hasPrefix("iptund_dropped_packets_total{") }
        #expect(drops.count == 2 * Drop.allCases.count)
        #expect(drops.hasOnly { $0.hasSuffix(" 0") })
    }

    @Test func `a degraded tunnel is not up, and a peer that was never heard of was heard of at 0`() {
        var report = TunnelReport.sample
        report.state = .degraded
        report.peers[0].lastReceivedSecondsAgo = nil
        let found = lines(MetricsInput(version: "1", reports: [report], unreadable: [], now: 9))
        #expect(found.contains(#"iptund_tunnel_up{tunnel="tunl-b"} 0"#))
        #expect(found.contains(#"iptund_peer_last_received_timestamp_seconds{tunnel="tunl-b",peer="b"} 0"#))
    }

    @Test func `what is known of a peer is there, and what is not is left out`() {
        var report = TunnelReport.sample
        (report.peers[0].liveness, report.peers[0].rttMicroseconds, report.peers[0].lossPercent) = (.degraded, 1500, 25)
        let found = lines(MetricsInput(version: "1", reports: [report], unreadable: [], now: 0))
        #expect(found.contains(#"iptund_peer_liveness{tunnel="tunl-b",peer="b",state="up"} 0"#))
        #expect(found.contains(#"iptund_peer_liveness{tunnel="tunl-b",peer="b",state="degraded"} 1"#))
        #expect(found.contains(#"iptund_peer_round_trip_seconds{tunnel="tunl-b",peer="b"} 0.0015"#))
        #expect(found.contains(#"iptund_peer_loss_ratio{tunnel="tunl-b",peer="b"} 0.25"#))
        (report.peers[0].liveness, report.peers[0].rttMicroseconds, report.peers[0].lossPercent) = (nil, nil, nil)
        let text = MetricsText.text(MetricsInput(version: "1", reports: [report], unreadable: [], now: 0))
        #expect(text.contains(#"iptund_peer_liveness{tunnel="tunl-b",peer="b",state="unknown"} 1"#))
        #expect(!text.contains("round_trip") && !text.contains("loss_ratio"))
    }

    @Test func `without a tunnel there is the version, and nothing else`() {
        let text = MetricsText.text(MetricsInput(version: "1.2.3", reports: [], unreadable: [], now: 0))
        #expect(
            text == """
                # HELP iptund_build_info Always 1; the version of iptund is a label.
                # TYPE iptund_build_info gauge
                iptund_build_info{version="1.2.3"} 1

                """)
    }

    @Test func `tunnels come by name, and one that answered is not unreadable too`() {
        var other = TunnelReport.sample
        other.name = "a"
        let input = MetricsInput(version: "1", reports: [.sample, other], unreadable: ["x", "a"], now: 0)
        let readable = lines(input).filter { $0.hasPrefix("iptund_tunnel_readable{") }
        #expect(
            readable == [
                #"iptund_tunnel_readable{tunnel="a"} 1"#, #"iptund_tunnel_readable{tunnel="tunl-b"} 1"#,
                #"iptund_tunnel_readable{tunnel="x"} 0"#,
            ])
    }

    @Test func `no two peers share a label`() {
        var report = TunnelReport.sample
        let peer = report.peers[0]
        report.peers = [peer, peer, peer, peer]
        (report.peers[1].allowedIPs, report.peers[2].name) = (["10.1.0.0/16"], nil)
        report.peers[3].allowedIPs = []
        #expect(report.peerLabels == ["b", "b (10.1.0.0/16)", "b.example", "b (3)"])
        let series = lines(MetricsInput(version: "1", reports: [report], unreadable: [], now: 0))
            .filter { !$0.hasPrefix("#") }.map { $0[..<($0.lastIndex(of: " ") ?? $0.endIndex)] }
        #expect(Set(series).count == series.count)
    }

    @Test(
        arguments: [
            ("plain", "plain"), ("a \"quoted\" one", #"a \"quoted\" one"#), (#"back\slash"#, #"back\\slash"#),
            ("two\nlines", #"two\\u{A}lines"#), ("\u{1B}[2J", #"\\u{1B}[2J"#), ("Łódź", "Łódź"),
        ])
    func `what others chose to be called ends no label and no line`(value: String, text: String) {
        #expect(MetricsText.escapedLabel(value) == text)
    }

    @Test(arguments: [(0, "0"), (1e15, "1000000000000000"), (0.25, "0.25"), (12_345_678_901.0, "12345678901")])
    func `whole numbers have no fraction`(value: Double, text: String) {
        #expect(MetricsText.number(value) == text)
    }

    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(where: Files.exists)

    @Test(.enabled(if: promtool != nil, "needs promtool, of Debian's package prometheus"))
    func `promtool finds nothing to complain about`() throws {
        try withTemporaryDirectory { directory in
            let file = "\(directory)/metrics"
            try Files.write(Array(MetricsText.text(MetricsTextTests.input).utf8), to: file)
            let ending = try ChildProcess.run(["sh", "-c", "promtool check metrics < \(file)"])
            #expect(ending.status == 0 && ending.text.isEmpty, "\(ending.text)")
        }
    }
}
