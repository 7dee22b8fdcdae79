// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

@Suite struct TunnelPolicyWarningsTests {
    @Test func `the defaults surprise nobody`() {
        let policy = TunnelPolicy()
        #expect(policy.outer == OuterPolicy())
        #expect(policy.clamp == .auto)
        #expect(policy.warnings.isEmpty)
    }

    @Test func `accepting from anybody is said loudly, from some a little less`() {
        var policy = TunnelPolicy()
        policy.acceptance = .also([.all])
        #expect(policy.warnings.count == 1)
        #expect(policy.warnings.first?.hasPrefix("--accept-from any: whoever can send protocol 4") == true)
        policy.acceptance = .also(["192.0.2.0/24"].compactMap { Prefix($0) })
        #expect(policy.warnings.first?.contains("for senders in this prefix that are no peers") == true)
    }

    @Test func `clearing DF is said loudly, copying it is not`() {
        var policy = TunnelPolicy()
        policy.outer.fragmentation = .clear
        #expect(policy.warnings.first?.contains("RFC 4963") == true)
        policy.outer.fragmentation = .copy
        #expect(policy.warnings.isEmpty)
    }
}
