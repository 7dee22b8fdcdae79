// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

@Suite struct TunnelPolicyTests {
    @Test func `both directions get what was asked for`() throws {
        let paths = Paths(peerCount: 0)
        var policy = TunnelPolicy()
        policy.only = .decapsulate
        policy.clamp = .fixed(1200)
        policy.minimumTTL = 254
        policy.acceptance = .also([.all])
        let rules = RuleSet(table: try PeerTable([]))
        let encapsulation = policy.encapsulation(rules, mtu: 1480, paths: paths.view)
        let decapsulation = policy.decapsulation(rules, mtu: 1480, paths: paths.view)
        #expect((encapsulation.only, decapsulation.only) == (.decapsulate, .decapsulate))
        #expect((encapsulation.clamp, decapsulation.clamp) == (.fixed(1200), .fixed(1200)))
        #expect(decapsulation.minimumTTL == 254)
        #expect(decapsulation.acceptance == .also([.all]))
    }
}
