// SPDX-License-Identifier: Apache-2.0

import Configuration
import ArgumentParser
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct PolicyOptionsTests {
    @Test func `no flags are the defaults`() throws {
        let policy = try PolicyOptions.parse([]).policy()
        #expect(policy == TunnelPolicy())
        #expect(policy.outer == OuterPolicy())
        #expect(policy.clamp == .auto)
        #expect(policy.warnings.isEmpty)
    }

    @Test func `accepting from anybody is said loudly, from some a little less`() throws {
        let any = try PolicyOptions.parse(["--accept-from", "any"]).policy().warnings
        #expect(any.count == 1)
        #expect(any.first?.hasPrefix("--accept-from any: whoever can send protocol 4") == true)
        let some = try PolicyOptions.parse(["--accept-from", "192.0.2.0/24"]).policy().warnings
        #expect(some.first?.contains("for senders in this prefix that are no peers") == true)
    }

    @Test(arguments: [
        ["--only", "decapsulate", "--ttl", "9"], ["--only", "decapsulate", "--df", "set"],
        ["--only", "decapsulate", "--dscp", "4"], ["--only", "decapsulate", "--ecn", "normal"],
        ["--only", "encapsulate", "--min-ttl", "255"], ["--only", "encapsulate", "--accept-from", "any"],
    ])
    func `a flag that would do nothing is refused`(arguments: [String]) throws {
        let options = try PolicyOptions.parse(arguments)
        let complaint = #expect(throws: Complaint.self) { try options.policy() }
        #expect(complaint?.exitCode == 2)
        #expect(complaint?.what == arguments[2])
    }

    @Test func `clearing DF is said loudly, copying it is not`() throws {
        #expect(try PolicyOptions.parse(["--df", "clear"]).policy().warnings.first?.contains("RFC 4963") == true)
        #expect(try PolicyOptions.parse(["--df", "copy"]).policy().warnings.isEmpty)
    }
}
