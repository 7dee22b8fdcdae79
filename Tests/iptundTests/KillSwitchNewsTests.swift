// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Linux
import Testing
@testable import iptund

/// What is said of a kill switch.
@Suite struct KillSwitchNewsTests {
    private static let barrier = HostChange.route(
        .unreachable(block("203.0.113.0/24"), protocolNumber: 203, metric: WantedState.barrierMetric), on: .none)
    private static let rule = HostChange.rule(RoutingRule(priority: 30_000, table: 1_994_000, protocolNumber: 203))
    private static let filter = HostChange.filter(.sample)

    private static let presence = [
        EgressFilter.sample.identity: EgressFilter.Presence.ours(
            fingerprint: "", dropped: EgressFilter.Count(packets: 7))
    ]

    @Test(
        arguments: [
            ([], ["routes", "nftables"]), ([barrier], ["nftables"]), ([rule], ["nftables"]), ([filter], ["routes"]),
            ([barrier, filter], []),
        ] as [(Set<HostChange>, [String])])
    func `a layer stands as long as nothing of it is missing`(missing: Set<HostChange>, layers: [String]) {
        let news = KillSwitchNews(
            [.up(.tunnel), Self.filter, Self.barrier, Self.rule], missing: missing, Self.presence)
        #expect(news?.layers == layers)
        #expect(news?.dropped == (missing.contains(Self.filter) ? nil : 7))
    }

    @Test func `what is not wanted does not stand`() {
        #expect(KillSwitchNews([Self.barrier], missing: [], [:])?.layers == ["routes"])
        #expect(KillSwitchNews([.up(.tunnel), Self.rule], missing: [], [:]) == nil)
    }

    @Test func `that nobody looks is not that nothing stands`() throws {
        #expect(KillSwitchNews.unknown.layers == nil)
        let news = KeeperNews(repairs: 3, problem: nil, killSwitch: KillSwitchNews([Self.barrier], missing: [], [:]))
        #expect(KeeperNews(news.octets) == news)
        #expect(KeeperNews(Array(#"{"repairs":3}"#.utf8)) == KeeperNews(repairs: 3))
    }
}
