// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct MonitorTextTests {
    /// 12:03:04 on a day of 2026.
    private static let time: UInt64 = 1_790_251_384_123_456

    @Test func `an interval is a line`() {
        let state = MonitorViewTests.state { $0.problem = nil }
        #expect(
            MonitorText.line(state, [.peers, .drops], at: Self.time)
                == "12:03:04Z tunl-b up; b: sent 2.00 KiB/s 4 p/s, received 0 B/s 0 p/s; "
                + "dropped 3/s: received inner-source 3")
        #expect(MonitorText.line(state, .drops, at: Self.time).hasPrefix("12:03:04Z tunl-b up; dropped 3/s"))
        #expect(!MonitorText.line(state, .peers, at: Self.time).contains("dropped"))
    }

    @Test func `an interval is an object in one line`() throws {
        let state = MonitorViewTests.state()
        #expect(
            try MonitorDocument(state, [.peers, .drops], at: Self.time).json() == """
                {"drops":[{"direction":"decapsulate","per_second":3,"reason":"inner-source","total":15},\
                {"direction":"decapsulate","per_second":0,"reason":"not-peer","total":2},\
                {"direction":"decapsulate","per_second":0,"reason":"martian","total":1},\
                {"direction":"decapsulate","per_second":0,"reason":"truncated","total":1}],\
                "kernel_losses_per_second":0,\
                "peers":[{"drops_per_second":3,"last_received_seconds_ago":2,"peer":"b",\
                "received":{"octets_per_second":0,"packets_per_second":0},\
                "sent":{"octets_per_second":2048,"packets_per_second":4}}],\
                "schema":2,"seconds":1,"state":"up","time":1790251384.123,"tunnel":"tunl-b"}
                """)
        let peers = try MonitorDocument(state, .peers, at: Self.time).json()
        #expect(!peers.contains("\"drops\"") && peers.contains("\"peers\""))
    }

    @Test(
        arguments: [
            (0, "0"), (0.04, "0"), (0.05, "0.1"), (1, "1"), (9.94, "9.9"), (9.96, "10"), (9_999, "9999"),
            (10_000, "10k"), (12_345, "12.3k"), (999_949, "999.9k"), (999_951, "1M"), (1_234_567, "1.2M"),
        ] as [(Double, String)])
    func `a number is short`(rate: Double, text: String) { #expect(MonitorText.count(rate) == text) }

    @Test(arguments: [(0, "00:00:00Z"), (86_399_999_999, "23:59:59Z"), (86_400_000_000, "00:00:00Z")])
    func `the time is that of the day in UTC`(time: UInt64, text: String) { #expect(MonitorText.clock(time) == text) }
}
