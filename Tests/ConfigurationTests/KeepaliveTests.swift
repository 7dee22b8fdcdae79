// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import Configuration

struct KeepaliveTests {
    @Test(arguments: [
        ("off", nil), ("10s,3", Keepalive(seconds: 10, misses: 3)), ("10s", Keepalive(seconds: 10, misses: 3)),
        ("1s, 1", Keepalive(seconds: 1, misses: 1)), ("3600s,100", Keepalive(seconds: 3_600, misses: 100)),
    ])
    func `it is off, or seconds and how many answers may be missing`(text: String, keepalive: Keepalive?) throws {
        #expect(try Entry(.keepalive, text).keepalive() == keepalive)
        if let keepalive { #expect(try Entry(.keepalive, keepalive.text).keepalive() == keepalive) }
    }

    @Test(arguments: [
        "", "on", "10", "0s", "3601s", "10s,0", "10s,101", "10s,", "10s,3,4", "-1s", "1.5s", "10m,3", ",3",
    ])
    func `anything else is refused, with an example`(text: String) {
        let complaint = #expect(throws: Complaint.self) { try Entry(.keepalive, text).keepalive() }
        #expect(complaint?.exitCode == 2)
        #expect(complaint?.whatNow.hasPrefix("such as 10s,3") == true)
    }

    @Test func `a probe is an address that one host can have`() throws {
        #expect(try Entry(.probe, "10.9.0.2").probe() == IPv4Address(10, 9, 0, 2))
        for text in ["b", "10.9.0.0/24", "127.0.0.1", "224.0.0.1", ""] {
            #expect(throws: Complaint.self) { try Entry(.probe, text).probe() }
        }
    }
}
