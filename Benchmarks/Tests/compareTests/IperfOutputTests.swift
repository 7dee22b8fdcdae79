// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

/// What iperf3 3.12 printed, shortened.
@Suite struct IperfOutputTests {
    private let tcp = """
        {"start": {"version": "iperf 3.12"}, "end": {
        "sum_sent": {"seconds": 1.000255, "bytes": 1305214976, "bits_per_second": 10439057848.2, "retransmits": 4},
        "sum_received": {"seconds": 1.00335, "bytes": 1302593536, "bits_per_second": 10385955337.6}}}
        """
    private let udp = """
        {"end": {
        "sum": {"seconds": 2, "bytes": 6400, "bits_per_second": 25600, "lost_packets": 20, "packets": 100},
        "sum_sent": {"seconds": 2, "bytes": 6400, "bits_per_second": 25600, "lost_packets": 0, "packets": 100},
        "sum_received": {"seconds": 2, "bytes": 4480, "bits_per_second": 17920, "lost_packets": 20, "packets": 90}}}
        """

    @Test func `TCP is what was received, and what the sender had to repeat`() throws {
        let found = try IperfOutput.tcp(tcp)
        #expect(abs(found.gigabitsPerSecond - 10.3859553376) < 1e-9)
        #expect(found.retransmits == 4)
        #expect(found.octets == 1_302_593_536)
    }

    @Test func `packets that were lost at the very end are lost as well`() throws {
        // 4480 octets are 70 packets, although the receiver noticed 20 gaps only.
        let found = try IperfOutput.udp(udp, payloadLength: 64)
        #expect(found.receivedPerSecond == 35)
        #expect(found.lossPercent == 30)
    }

    @Test func `an iperf3 without the two sums counts what the receiver noticed`() throws {
        let text = """
            {"end": {"sum":
            {"seconds": 2, "bytes": 6400, "bits_per_second": 25600, "lost_packets": 20, "packets": 100}}}
            """
        let found = try IperfOutput.udp(text, payloadLength: 64)
        #expect(found.receivedPerSecond == 40)
        #expect(found.lossPercent == 20)
    }

    @Test func `warnings before and after the document do no harm`() throws {
        let text = "warning: UDP block size 1372 exceeds TCP MSS 1368\n\(udp)\niperf3: bye\n"
        #expect(try IperfOutput.udp(text, payloadLength: 64).lossPercent == 30)
    }

    @Test(arguments: ["{}", #"{"sum_sent": {"bytes": 1}}"#])
    func `an error is told in iperf3's words, whatever stands beside it`(end: String) {
        let text = "{\"end\": \(end), \"error\": \"unable to connect to server: Connection refused\"}"
        #expect { try IperfOutput.tcp(text) } throws: {
            ($0 as? Complaint)?.why == "unable to connect to server: Connection refused"
        }
    }

    @Test func `nothing received is an error`() {
        let text = #"{"end": {"sum_received": {"seconds": 1, "bytes": 0, "bits_per_second": 0}}}"#
        #expect(throws: Complaint.self) { try IperfOutput.tcp(text) }
        #expect(throws: Complaint.self) { try IperfOutput.udp(text, payloadLength: 64) }
    }

    @Test(arguments: ["", "}", "{", "Cannot open network namespace", #"{"end": 1}"#, "{}"])
    func `what is no result is an error, not a crash`(text: String) {
        #expect(throws: Complaint.self) { try IperfOutput.tcp(text) }
        #expect(throws: Complaint.self) { try IperfOutput.udp(text, payloadLength: 64) }
    }
}
