// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
@testable import iptund

@Suite struct RatesTests {
    @Test func `a rate is the difference by the time`() throws {
        var next = TunnelReport.sample
        next.peers[0].sent.packets += 10
        next.peers[0].sent.octets += 3000
        next.peers[0].received.drops["inner-source", default: 0] += 4
        next.decapsulate.drops["not-peer", default: 0] += 6
        next.kernelLosses.socket += 1
        let rates = Rates(from: .sample, to: next, seconds: 2)
        let peer = try #require(rates.peers.first)
        #expect(peer.label == "b")
        #expect(peer.sent == Rates.Transfer(packets: 5, octets: 1500))
        #expect(peer.received == Rates.Transfer(packets: 0, octets: 0))
        #expect(peer.drops == 2)
        #expect(rates.kernelLosses == 0.5)
        #expect(
            rates.drops.map { "\($0.direction.rawValue) \($0.reason) \($0.rate) \($0.total)" } == [
                "decapsulate not-peer 3.0 8", "decapsulate inner-source 2.0 16", "decapsulate martian 0.0 1",
                "decapsulate truncated 0.0 1",
            ])
    }

    @Test func `one reason of several peers and of nobody is one`() {
        var report = TunnelReport.sample
        report.peers.append(report.peers[0])
        report.decapsulate.drops = ["martian": 5]
        let drops = Rates(from: report, to: report, seconds: 1).drops
        #expect(drops.first { $0.reason == "martian" }?.total == 7)
    }

    @Test func `a counter that went back, and a peer that is new, have no rate yet`() {
        var next = TunnelReport.sample
        next.peers[0].received.packets = 1
        var other = next.peers[0]
        (other.name, other.received.packets) = ("c", 1_000_000)
        next.peers.append(other)
        let rates = Rates(from: .sample, to: next, seconds: 1)
        #expect(rates.peers.map(\.received.packets) == [0, 0])
    }
}
