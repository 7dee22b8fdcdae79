// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

/// The command that lets packets pass is that of the program whose rules stop them.
@Suite struct NetfilterRemedyTests {
    private let arriving = NetfilterQuestion.arriving(
        from: .of("192.0.2.2"), at: .of("192.0.2.1"), by: "eth0")
    private let leaving = NetfilterQuestion.leaving(to: .of("192.0.2.2"), from: .of("192.0.2.1"), by: "eth0")
    private let out = NetfilterQuestion.emerging(from: .all, by: "tun", onto: nil, needed: false)
    private let onward = NetfilterQuestion.emerging(from: .all, by: "tun", onto: "lan", needed: true)
    private let into = NetfilterQuestion.entering(to: .all, by: "tun", from: nil, needed: false)
    private let inward = NetfilterQuestion.entering(to: .all, by: "tun", from: "lan", needed: true)

    /// A table with chains of these names, and the command where its base chain stops packets.
    private func mending(
        _ question: NetfilterQuestion, _ family: Netfilter.Family, _ name: String, _ tool: Netfilter.Tool, base: String,
        chain: String? = nil, others: [Netfilter.Chain] = []
    ) -> String {
        var table = Netfilter.Table(family, name, tool: tool)
        for other in others { table.chains[other.name] = other }
        let place = Netfilter.Place(table, base: base, chain: chain ?? base, rule: "policy drop")
        return question.mending(place, in: Netfilter(tables: [table]))
    }

    @Test func `without a managing program, the fix is the tool's own command`() {
        #expect(
            mending(arriving, .inet, "filter", .nft, base: "input")
                == "nft insert rule inet filter input ip saddr 192.0.2.2 ip protocol 4 accept")
        #expect(
            mending(leaving, .ip, "filter", .iptables, base: "OUTPUT")
                == "iptables -I OUTPUT -d 192.0.2.2 -p 4 -j ACCEPT")
        #expect(
            mending(arriving, .ip, "raw", .legacyIptables, base: "PREROUTING")
                == "iptables-legacy -t raw -I PREROUTING -s 192.0.2.2 -p 4 -j ACCEPT")
        #expect(
            mending(onward, .ip, "filter", .iptables, base: "FORWARD") == "iptables -I FORWARD -i tun -o lan -j ACCEPT")
        #expect(
            mending(inward, .bridge, "site", .nft, base: "out")
                == "nft insert rule bridge site out ether type ip accept")
    }

    @Test func `ufw gets a line in its file, or its own command`() {
        func fix(_ question: NetfilterQuestion, _ base: String, chain: String? = nil) -> String {
            let others = [Netfilter.Chain("ufw-before-input")]
            return mending(question, .ip, "filter", .iptables, base: base, chain: chain, others: others)
        }
        let line = "sed -i '0,/^# End required lines/s//&\\n-A ufw-before-"
        let end = " -p 4 -j ACCEPT/' /etc/ufw/before.rules && ufw reload"
        #expect(fix(arriving, "INPUT") == "\(line)input -s 192.0.2.2\(end)")
        #expect(fix(leaving, "OUTPUT") == "\(line)output -d 192.0.2.2\(end)")
        #expect(fix(out, "INPUT") == "ufw allow in on tun")
        #expect(fix(into, "OUTPUT") == "ufw allow out on tun")
        #expect(fix(onward, "FORWARD") == "ufw route allow in on tun out on lan")
        #expect(fix(inward, "FORWARD") == "ufw route allow in on lan out on tun")
        // A rule of the user's own comes before one that is added.
        #expect(fix(out, "INPUT", chain: "ufw-user-input") == "ufw prepend allow in on tun")
    }

    @Test func `firewalld gets a rich rule in the zone of the device`() {
        func zone(_ device: String?, _ name: String) -> Netfilter.Rule {
            let matches = device.map {
                [Netfilter.Step.match(.init([.inputDevice], .elements([.init([.device($0)])])))]
            }
            return Netfilter.Rule("zone", (matches ?? []) + [.verdict(.goto("filter_IN_\(name)"))])
        }
        let zones = Netfilter.Chain(
            "filter_INPUT_ZONES", rules: [zone("lan", "internal"), zone("eth0", "dmz"), zone(nil, "public")])
        func fix(_ question: NetfilterQuestion, _ base: String, chain: String? = nil) -> String {
            mending(question, .inet, "firewalld", .nft, base: base, chain: chain, others: [zones])
        }
        #expect(
            fix(arriving, "filter_INPUT")
                == "firewall-cmd --permanent --zone=dmz --add-rich-rule='rule family=\"ipv4\" source "
                + "address=\"192.0.2.2\" protocol value=\"4\" accept' && firewall-cmd --reload")
        #expect(
            fix(onward, "filter_FORWARD")
                == "firewall-cmd --permanent --zone=trusted --add-interface=tun && firewall-cmd --reload")
        #expect(
            fix(leaving, "filter_OUTPUT", chain: "filter_OUT_policy_closed_deny")
                == "firewall-cmd --permanent --policy=closed --add-rich-rule='rule family=\"ipv4\" destination "
                + "address=\"192.0.2.2\" protocol value=\"4\" accept' && firewall-cmd --reload")
        #expect(fix(leaving, "nat_POSTROUTING").hasSuffix("ip daddr 192.0.2.2 ip protocol 4 snat to 192.0.2.1; } }'"))
        #expect(fix(inward, "filter_FORWARD").contains("--new-policy=to-tun"))
    }

    @Test func `Docker keeps a chain for the administrator`() {
        let others = [Netfilter.Chain("DOCKER-USER")]
        #expect(
            mending(onward, .ip, "filter", .iptables, base: "FORWARD", others: others)
                == "iptables -I DOCKER-USER -i tun -o lan -j ACCEPT")
        #expect(
            mending(arriving, .ip, "filter", .iptables, base: "INPUT", others: others)
                == "iptables -I INPUT -s 192.0.2.2 -p 4 -j ACCEPT")
    }

    /// In /etc/protocols `ipip` is 94; the number means the same everywhere (kubernetes-sigs/cluster-api-provider-openstack#1489).
    @Test func `no command names ipip`() {
        for tool in [Netfilter.Tool.nft, .iptables, .legacyIptables] {
            for question in [arriving, leaving, out, onward, into, inward] {
                #expect(!mending(question, .ip, "filter", tool, base: "X").contains("ipip"))
            }
        }
    }
}
