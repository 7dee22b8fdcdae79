// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
@testable import iptund

@Suite struct TunnelReportTests {
    @Test(arguments: [true, false]) func `a document that was written reads back the same`(pretty: Bool) throws {
        let document = ReportDocument(tunnels: [.sample, .sample])
        #expect(try ReportDocument(json: Array(try document.json(pretty: pretty).utf8)) == document)
    }

    @Test func `no tunnels are a document too`() throws {
        #expect(try ReportDocument(tunnels: []).json(pretty: false) == #"{"schema":2,"tunnels":[]}"#)
    }

    @Test func `what is printed has these names, sorted, and leaves out what there is not`() throws {
        let expected = """
            {"schema":2,"tunnels":[{"accept_from":"192.0.2.0\\/24",\
            "decapsulate":{"coalesced":15,"dangerous_ecn":11,"delivered":1000,"dropped":16,\
            "drops":{"not-peer":2},"fragmented":0,"gso_packets":8,"icmp_errors_rate_limited":0,\
            "icmp_errors_received":4,"icmp_errors_sent":1,\
            "last_icmp_error":"peer unreachable (ICMP 3\\/1 from 192.0.2.9)","outer_packets":0,"received":1016,\
            "stray_icmp_errors":9,"unexpected_ecn":10},\
            "device":"tunl-b",\
            "encapsulate":{"coalesced":0,"dangerous_ecn":0,"delivered":2,"dropped":1,"drops":{},\
            "fragmented":5,"gso_packets":1,"icmp_errors_rate_limited":7,"icmp_errors_received":0,\
            "icmp_errors_sent":6,"outer_packets":46,"received":3,"stray_icmp_errors":0,"unexpected_ecn":0},\
            "kernel_losses":{"device":13,"socket":12},\
            "local":"111.112.101.37","mtu":1480,"name":"tunl-b","namespace":4026531840,"only":"encapsulate",\
            "peers":[{"allowed_ips":["111.112.100.0\\/24","10.0.0.0\\/8"],"endpoint":"111.112.100.86",\
            "host":"b.example",\
            "icmp_errors_received":4,"last_icmp_error":"peer unreachable (ICMP 3\\/1 from 192.0.2.9)",\
            "last_received_seconds_ago":2,"local":"111.112.101.37","name":"b","path_mtu":1400,\
            "problem":"there is no way to it",\
            "received":{"drops":{"inner-source":12,"martian":1,"truncated":1},"octets":1288490189,"packets":1000},\
            "sent":{"drops":{},"octets":3072,"packets":2}}],\
            "pid":4242,"privilege_shortfalls":["bounding set not emptied"],\
            "start_time_seconds":1790000000,"state":"up","underlay_mtu":1500,\
            "uptime_seconds":273600,"workers":1}]}
            """
        #expect(try ReportDocument(tunnels: [.sample]).json(pretty: false) == expected)
    }

    @Test func `for people slashes are slashes`() throws {
        let text = try ReportDocument(tunnels: [.sample]).json(pretty: true)
        #expect(text.contains(#""111.112.100.0/24""#))
        #expect(text.hasPrefix("{\n"))
    }

    @Test func `a document of nonsense is an error`() {
        for text in [
            "", "{}", "[]", #"{"schema":2}"#, #"{"code":"unknown-request","error":"unknown request","schema":2}"#,
            "\u{0}",
        ] {
            #expect(throws: (any Error).self, "\(text)") { try ReportDocument(json: Array(text.utf8)) }
        }
    }

    @Test func `every key is in snake case`() throws {
        let text = try ReportDocument(tunnels: [.sample]).json(pretty: true)
        let keys = text.split(separator: "\n").compactMap { line -> Substring? in
            guard let end = line.firstRange(of: "\" : ") else { return nil }
            return line[..<end.lowerBound].drop { $0 == " " || $0 == "\"" }
        }
        #expect(keys.count > 30)
        // Reasons for drops are values that happen to be keys: they have hyphens.
        #expect(keys.hasOnly { $0.hasOnly { $0.isLowercase || $0 == "_" || $0 == "-" } })
    }
}
