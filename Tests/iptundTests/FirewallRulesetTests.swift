// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Linux
import Testing
import Wire

@testable import iptund

/// Rulesets of common firewalls, and the fate of a tunnel's packets there. Public reports:
///
/// - Docker sets the policy of FORWARD to DROP: moby/moby#39439, moby/moby#30338, pivpn/pivpn#396.
/// - libvirt rejects packets that are routed to its guests: cuckoosandbox/cuckoo#2615.
/// - Oracle Cloud's images reject everything but ssh: ugurrdemirel/wireguard-oracle-cloud-install#1.
/// - NixOS drops by reverse path: NixOS/nixpkgs#110197.
/// - kubelet drops marked packets: kubernetes/kubernetes#113659.
/// - Calico drops protocol 4 of other hosts: projectcalico/calico#4456, projectcalico/felix#1943.
/// - Protocol 4 passes only after the host has sent some: projectcalico/felix#1558.
/// - Tailscale drops packets with a source in its network: tailscale/tailscale#19876.
/// - firewalld's reverse path filter is of IPv6 alone: firewalld/firewalld#603.
@Suite struct FirewallRulesetTests {
    private static let folder = "\(Repository.path)/Tests/Fixtures/firewalls"

    private func netfilter(_ name: String) throws -> Netfilter {
        let text = try Files.read("\(FirewallRulesetTests.folder)/\(name)")
        if name.hasSuffix(".json") {
            return Netfilter(tables: try NftRuleset(json: text, text: "", protocols: ProtocolNumbers()).tables)
        }
        return Netfilter(tables: IptablesSave.parse(text, protocols: ProtocolNumbers()))
    }

    private let peer = IPv4Address(rawValue: 0xc000_0202)
    private let local = IPv4Address(rawValue: 0xc000_0201)

    /// An outer packet from the peer, which this host would answer by the same device.
    private var arrival: NetfilterQuestion {
        var question = NetfilterQuestion.arriving(from: peer, at: local, by: "eth0")
        question.packet.hasReturnPath = .yes
        return question
    }

    private var departure: NetfilterQuestion { .leaving(to: peer, from: local, by: "eth0") }

    /// The fate of packets on their way through some hooks: `passes`, `always`, `unlessKnown`, or `perhaps`.
    private func fate(_ question: NetfilterQuestion, _ netfilter: Netfilter, _ hooks: Netfilter.Hook...) -> String {
        for hook in hooks {
            guard let answer = question.answer(netfilter, at: hook) else { continue }
            if case .perhaps = answer.certainty { return "perhaps" }
            return "\(answer.certainty)"
        }
        return "passes"
    }

    /// (ruleset, protocol 4 from the peer, protocol 4 to it)
    @Test(arguments: [
        ("ufw.rules", "unlessKnown", "passes"), ("firewalld.json", "unlessKnown", "passes"),
        ("firewalld-fixed.json", "passes", "passes"), ("firewalld-2.json", "unlessKnown", "passes"),
        ("docker.rules", "passes", "passes"),
        ("libvirt.rules", "passes", "passes"), ("libvirt.json", "passes", "passes"),
        ("kubernetes.rules", "passes", "passes"), ("nixos.rules", "unlessKnown", "passes"),
        ("oracle.rules", "unlessKnown", "passes"), ("tailscale.rules", "passes", "passes"),
        ("calico.rules", "perhaps", "passes"), ("workstation.json", "unlessKnown", "passes"),
        ("wg-quick.json", "passes", "passes"), ("fail2ban.json", "passes", "passes"),
        // nft knows only the names of the matches of iptables.
        ("ufw.json", "perhaps", "passes"),
    ])
    func `outer packets are judged as the kernel treats them`(name: String, arriving: String, leaving: String) throws {
        let rules = try netfilter(name)
        #expect(fate(arrival, rules, .ingress, .prerouting, .input) == arriving)
        #expect(fate(departure, rules, .output, .postrouting, .egress) == leaving)
    }

    /// (ruleset, the link that inner packets are forwarded to, their fate)
    @Test(arguments: [
        ("ufw.rules", "lan", "perhaps"), ("firewalld.json", "lan", "unlessKnown"),
        ("firewalld-fixed.json", "lan", "passes"), ("firewalld-2.json", "lan", "passes"),
        ("docker.rules", "lan", "always"),
        ("docker.rules", "docker0", "perhaps"), ("libvirt.rules", "lan", "passes"),
        ("libvirt.rules", "virbr0", "unlessKnown"), ("libvirt.json", "lan", "passes"),
        ("libvirt.json", "virbr0", "unlessKnown"), ("oracle.rules", "lan", "always"),
        ("tailscale.rules", "lan", "passes"), ("workstation.json", "lan", "always"),
    ])
    func `packets that are forwarded from the tunnel are judged link by link`(
        name: String, link: String, expected: String
    ) throws {
        let question = NetfilterQuestion.emerging(from: .all, by: "iptun0", onto: link, needed: true)
        #expect(fate(question, try netfilter(name), .forward) == expected)
    }

    @Test(arguments: ["docker.rules", "libvirt.rules", "libvirt.json", "kubernetes.rules", "firewalld.json"])
    func `rules that masquerade others leave outer packets alone, without a doubt`(name: String) throws {
        let rules = try netfilter(name)
        let judgement = rules.judge(departure.packet(at: .postrouting, rules), at: .postrouting)
        #expect(judgement.rewritings.isEmpty && judgement.doubts.isEmpty, "\(judgement)")
    }

    /// (ruleset, zone of eth0)
    @Test(arguments: [("firewalld.json", "public"), ("firewalld-2.json", "dmz")])
    func `the zone of a device is read from firewalld's rules`(name: String, zone: String) throws {
        let rules = try netfilter(name)
        let answer = try #require(arrival.answer(rules, at: .input))
        #expect(
            arrival.mending(answer.place, in: rules).hasPrefix("firewall-cmd --permanent --zone=\(zone) --add-rich"))
    }

    @Test func `a reverse path filter is passed by the way that answers would go`() throws {
        var elsewhere = arrival
        elsewhere.packet.hasReturnPath = .maybe
        #expect(fate(elsewhere, try netfilter("nixos.rules"), .prerouting) == "perhaps")
        #expect(fate(arrival, try netfilter("nixos.rules"), .prerouting) == "passes")
    }

    @Test func `Tailscale drops a peer with an address of its network`() throws {
        let question = NetfilterQuestion.arriving(from: IPv4Address(rawValue: 0x6464_0101), at: local, by: "eth0")
        #expect(fate(question, try netfilter("tailscale.rules"), .input) == "always")
    }

    /// (elements of the set, the fate of a peer's packets)
    @Test(arguments: [
        ("add cali40all-hosts-net 192.0.2.0/24", "passes"), ("add cali40all-hosts-net 203.0.113.1", "always"),
        ("add cali40all-hosts-net 203.0.113.1-203.0.113.9 timeout 300", "always"),
        ("add cali40all-hosts-net 192.0.2.2 nomatch", "perhaps"), ("", "always"),
    ])
    func `sets of iptables are looked into`(elements: String, expected: String) throws {
        var rules = try netfilter("calico.rules")
        #expect(rules.tables.first?.missingSets == ["cali40all-hosts-net"])
        let text = "create cali40all-hosts-net hash:net family inet hashsize 1024 maxelem 65536\n\(elements)\n"
        rules.tables[0].sets = IPSetSave.parse(text)
        #expect(fate(arrival, rules, .input) == expected)
    }

    @Test func `a table of iptables is known by its rules, or by its names`() throws {
        func ruleset(_ name: String) throws -> NftRuleset {
            let text = try Files.read("\(FirewallRulesetTests.folder)/\(name)")
            return try NftRuleset(json: text, text: "", protocols: ProtocolNumbers())
        }
        let ufw = try ruleset("ufw.json")
        let filter = try #require(ufw.tables.first { $0.family == .ip && $0.name == "filter" })
        #expect(ufw.isMadeByIptables(filter) && ufw.isIncomplete(filter))
        for name in ["firewalld.json", "libvirt.json", "workstation.json"] {
            let ruleset = try ruleset(name)
            #expect(ruleset.tables.hasOnly { !ruleset.isMadeByIptables($0) && !ruleset.isIncomplete($0) }, "\(name)")
        }
    }
}
