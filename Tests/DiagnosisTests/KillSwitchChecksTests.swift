// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing

/// What is said of kill switches, and of who removes rules.
struct KillSwitchChecksTests {
    private static func host(_ change: (inout KillSwitchSnapshot) -> Void) -> HostSnapshot {
        .tunnel { tunnel in
            var killSwitch = KillSwitchSnapshot()
            killSwitch.layers = ["routes", "nftables"]
            change(&killSwitch)
            tunnel.killSwitch = killSwitch
        }
    }

    @Test func `without one there is nothing to say`() {
        for check in [KillSwitchLayers.self, KillSwitchPast.self, KillSwitchStands.self, RulesMissing.self]
            as [any Check.Type]
        {
            #expect(check.verdicts(.healthy) == [.ok])
        }
    }

    @Test func `both layers are well, one is worth a warning, and what is gone is broken`() {
        #expect(KillSwitchLayers.verdicts(Self.host { _ in }) == [.ok])
        #expect(KillSwitchLayers.verdicts(Self.host { $0.layers = ["routes"] }) == [.warning])
        #expect(KillSwitchLayers.verdicts(Self.host { $0.missing = ["nft 'table ip iptund-b { }'"] }) == [.broken])
    }

    @Test func `what leads past it is named with what would make it meant`() {
        let finding = KillSwitchPast.judge(Self.host { $0.past = ["203.0.113.0/24", "198.51.100.0/24"] })[0]
        #expect(finding.verdict == .warning)
        #expect(finding.evidence.count == 2)
        #expect(finding.next == "if one is meant: ip route add 203.0.113.0/24 via ROUTER proto static")
        #expect(KillSwitchPast.verdicts(Self.host { $0.rulesBefore = [1_000] }) == [.info])
        #expect(KillSwitchPast.verdicts(Self.host { $0.leavesIPv6 = true }) == [.info])
    }

    @Test(arguments: [
        (["routes", "nftables"], Verdict.warning, "on both layers"), (["nftables"], .warning, "on nftables alone"),
        ([], .broken, "not enough is left"),
    ])
    func `of a tunnel that is down it is said how far it stands`(layers: [String], verdict: Verdict, words: String) {
        let host = HostSnapshot.tunnel { tunnel in
            (tunnel.standing, tunnel.isKillSwitchAlone) = (.failed("its daemon is gone"), true)
            tunnel.leftOvers = ["nft 'table ip iptund-b { }'"]
            tunnel.killSwitchLeft = layers
        }
        let finding = KillSwitchStands.judge(host)[0]
        #expect(finding.verdict == verdict)
        #expect(finding.evidence[0].contains(words))
        #expect(finding.next == "the next start takes it over; to lift it: iptund down b")
        #expect(LeftOversStale.verdicts(host) == [.ok])
        #expect(TunnelUp.verdicts(host) == [.info])
    }

    @Test func `what else is left says that taking it back lifts the kill switch`() {
        let host = HostSnapshot.tunnel { tunnel in
            tunnel.standing = .failed("its daemon is gone")
            tunnel.leftOvers = ["ip route add 10.0.0.0/24 dev b"]
            tunnel.killSwitchLeft = ["routes"]
        }
        #expect(LeftOversStale.judge(host)[0].evidence.last == "taking them back lifts the kill switch, too")
    }

    @Test func `rules that are gone, or were made again of late, name who does so`() {
        var host = HostSnapshot.tunnel { $0.missing = ["ip rule add priority 30000 lookup main protocol 203"] }
        #expect(RulesMissing.verdicts(host) == [.broken])
        #expect(RulesMissing.judge(host)[0].next?.contains("ManageForeignRoutingPolicyRules=no") == true)
        #expect(ChangesMissing.verdicts(host) == [.ok])
        host = .tunnel { $0.repairs = Growth(from: 3, to: 5) }
        #expect(RulesMissing.verdicts(host) == [.warning])
        host = .tunnel { $0.repairs = Growth(from: 5, to: 5) }
        #expect(RulesMissing.verdicts(host) == [.ok])
    }

    @Test func `without a keeper a reload is no remedy`() {
        let host = HostSnapshot.tunnel { tunnel in
            tunnel.standing = .running(problem: "its keeper has ended: what is removed is not made again")
            tunnel.origin = .file("/etc/iptund/b.conf")
            tunnel.missing = ["ip rule add priority 30000 lookup main protocol 203"]
        }
        #expect(RulesMissing.judge(host)[0].fix == nil)
    }
}
