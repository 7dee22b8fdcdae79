// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
@testable import iptund

@Suite struct DoctorTextTests {
    private static let findings = [
        Finding("route.loop", .broken, ["ip route get 192.0.2.2: dev b"], why: "it loops", fix: "ip route delete x"),
        Finding("icmp.errors", .info, ["an\u{1B}[1m error"], why: "somebody refuses"),
        Finding("tunnel.up", .ok, ["tunnel b is up"], why: "only a daemon carries"),
        Finding("peer.local", .ok, why: "never leaves"),
    ]

    @Test func `what is wrong has evidence, reason and remedy; what is well has one line`() {
        let text = DoctorText(style: .plain, extent: .troubles).text(DoctorTextTests.findings)
        #expect(
            text == """
                broken   route.loop
                         ip route get 192.0.2.2: dev b
                         why: it loops
                         fix: ip route delete x
                info     icmp.errors
                         an\\u{1B}[1m error
                         why: somebody refuses
                ok       2 checks: tunnel.up, peer.local

                """)
    }

    @Test func `what is hidden has one line, and each reason is said once`() {
        let hidden = ["inner.source", "mtu.device"].map { Finding($0, .unknown, ["b does not answer"], why: "no") }
        #expect(
            DoctorText(style: .plain, extent: .troubles).text(hidden) == """
                unknown  2 checks: inner.source, mtu.device
                         b does not answer

                """)
    }

    @Test func `everything is printed one by one if wanted`() {
        let text = DoctorText(style: .plain, extent: .everything).text(DoctorTextTests.findings)
        #expect(text.hasSuffix("ok       tunnel.up\n         tunnel b is up\nok       peer.local\n"))
    }

    @Test func `colours are for verdicts`() {
        let text = DoctorText(style: .coloured, extent: .troubles).text(DoctorTextTests.findings)
        #expect(text.hasPrefix("\u{1B}[1;31mbroken  \u{1B}[0m route.loop\n"))
    }

    @Test(arguments: [
        ([Verdict.ok, .info], 0), ([.ok, .unknown, .info], 3), ([.ok, .warning], 3), ([.broken, .warning], 1), ([], 0),
    ])
    func `the exit status is that of the worst`(verdicts: [Verdict], code: Int) {
        #expect(Int(DoctorCommand.exitCode(verdicts.map { Finding("x", $0, why: "") })) == code)
    }

    @Test func `the document has a schema and what findings have`() throws {
        let json = try DoctorDocument([DoctorTextTests.findings[1]]).json
        #expect(json.contains(#""schema" : 2"#))
        #expect(json.contains(#""id" : "icmp.errors""#))
        #expect(!json.contains("fix"))
    }
}
