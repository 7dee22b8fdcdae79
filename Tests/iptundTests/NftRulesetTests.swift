// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

@testable import iptund

@Suite struct NftRulesetTests {
    /// What nft 1.0.6 prints: one object a line here, without the metainfo.
    private func rules(_ lines: [String], text: String = "") throws -> Netfilter {
        let json = "{\"nftables\": [{\"metainfo\": {\"version\": \"1.0.6\"}}, \(lines.joined(separator: ", "))]}"
        return Netfilter(tables: try NftRuleset(json: json, text: text, protocols: ProtocolNumbers()).tables)
    }

    /// An input chain with one rule of these statements.
    private func input(_ statements: String, sets: [String] = []) throws -> Netfilter {
        let chain = #""family": "inet", "table": "filter""#
        return try rules(
            [#"{"table": {"family": "inet", "name": "filter", "handle": 1}}"#] + sets + [
                #"{"chain": {\#(chain), "name": "sub", "handle": 1}}"#,
                #"{"chain": {\#(chain), "name": "in", "handle": 2, "type": "filter", "hook": "input", "prio": 0, "#
                    + #""policy": "accept"}}"#,
                #"{"rule": {\#(chain), "chain": "sub", "handle": 3, "expr": [{"drop": null}]}}"#,
                #"{"rule": {\#(chain), "chain": "in", "handle": 4, "expr": [\#(statements)]}}"#,
            ], text: "table inet filter { # handle 1\n\tchain in { # handle 2\n\t\tthe rule # handle 4\n")
    }

    private func judge(_ netfilter: Netfilter, at hook: Netfilter.Hook = .input) throws -> Netfilter.Judgement {
        let (source, destination) = (try #require(Prefix("192.0.2.2")), try #require(Prefix("192.0.2.1")))
        let packet = Netfilter.Packet(
            from: source, to: destination, protocolNumber: 4, inputDevice: hook == .input ? "eth0" : .none,
            outputDevice: hook == .input ? .none : "eth0", mark: 1, state: .new)
        return netfilter.judge(packet, at: hook)
    }

    @Test(arguments: [
        #"{"meta": {"key": "iifname"}} == "eth0""#, #"{"meta": {"key": "iif"}} == "eth0""#,
        #"{"meta": {"key": "iifname"}} == {"set": ["lo", "eth*"]}"#, #"{"meta": {"key": "iifname"}} != "tun*""#,
        #"{"payload": {"protocol": "ip", "field": "protocol"}} == "ipencap""#,
        #"{"payload": {"protocol": "ip", "field": "protocol"}} == 4"#,
        #"{"meta": {"key": "l4proto"}} == {"set": ["tcp", 4]}"#, #"{"meta": {"key": "l4proto"}} != "ipip""#,
        #"{"payload": {"protocol": "ip", "field": "saddr"}} == "192.0.2.2""#,
        #"{"payload": {"protocol": "ip", "field": "saddr"}} == {"prefix": {"addr": "192.0.2.0", "len": 24}}"#,
        #"{"payload": {"protocol": "ip", "field": "daddr"}} == {"range": ["192.0.2.0", "192.0.2.9"]}"#,
        #"{"payload": {"protocol": "ip", "field": "daddr"}} != {"set": [{"prefix": {"addr": "10.0.0.0", "len": 8}}]}"#,
        #"{"payload": {"protocol": "ip", "field": "daddr"}} < "192.0.2.2""#,
        #"{"payload": {"protocol": "ip", "field": "saddr"}} == "@peers""#,
        #"{"concat": [{"meta": {"key": "l4proto"}}, {"payload": {"protocol": "ip", "field": "saddr"}}]} == "@pairs""#,
        #"{"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}, {"meta": {"key": "l4proto"}}]} "#
            + #"== {"set": [{"concat": ["192.0.2.2", "ipencap"]}]}"#,
        #"{"ct": {"key": "state"}} in ["related", "new"]"#, #"{"ct": {"key": "state"}} in "new""#,
        #"{"meta": {"key": "nfproto"}} == "ipv4""#, #"{"meta": {"key": "protocol"}} == "ip""#,
        #"{"meta": {"key": "mark"}} == 1"#, #"{"payload": {"protocol": "ip", "field": "version"}} == 4"#,
    ]) func `a match that holds is understood`(match: String) throws {
        #expect(
            try judge(try input(statement(match) + #", {"counter": {"packets": 0}}, {"drop": null}"#, sets: sets))
                .fate.death?.rule == "the rule", "\(match)")
    }

    @Test(arguments: [
        #"{"meta": {"key": "iifname"}} == "eth1""#, #"{"meta": {"key": "iifname"}} != {"set": ["eth0", "lo"]}"#,
        #"{"meta": {"key": "oifname"}} == "eth0""#, #"{"meta": {"key": "l4proto"}} == "ipip""#,
        #"{"payload": {"protocol": "ip", "field": "protocol"}} == "tcp""#,
        #"{"payload": {"protocol": "ip", "field": "saddr"}} != "@peers""#,
        #"{"payload": {"protocol": "ip", "field": "daddr"}} >= "192.0.2.2""#,
        #"{"ct": {"key": "state"}} in ["established", "related"]"#, #"{"meta": {"key": "nfproto"}} == "ipv6""#,
        #"{"meta": {"key": "protocol"}} == "arp""#, #"{"meta": {"key": "mark"}} == 2"#,
    ]) func `a match that does not hold is understood`(match: String) throws {
        let judgement = try judge(try input(statement(match) + #", {"drop": null}"#, sets: sets))
        #expect(judgement == Netfilter.Judgement(), "\(match)")
    }

    @Test(arguments: [
        #"{"payload": {"protocol": "ip", "field": "ttl"}} < 5"#,
        #"{"fib": {"result": "oif", "flags": ["saddr", "iif"]}} == false"#,
        #"{"&": [{"payload": {"protocol": "ip", "field": "frag-off"}}, 8191]} != 0"#,
        #"{"payload": {"protocol": "ip", "field": "saddr"}} == "@absent""#, #"{"ct": {"key": "status"}} in "dnat""#,
        #"{"meta": {"key": "mark"}} frobs 2"#,
    ]) func `a match that is not understood leaves a doubt`(match: String) throws {
        let judgement = try judge(try input(statement(match) + #", {"drop": null}"#, sets: sets))
        #expect(judgement.fate == .accepted, "\(match)")
        #expect(judgement.mayDie, "\(match)")
    }

    @Test(arguments: [
        #"{"limit": {"rate": 10, "per": "second"}}"#, #"{"quota": {"val": 10, "val_unit": "mbytes"}}"#,
        #"{"xt": null}"#, #"{"xt": {"type": "match", "name": "recent"}}"#, #"{"something": "new"}"#, #""text""#, "[]",
        #"{"vmap": {"key": {"payload": {"protocol": "ip", "field": "ttl"}}, "data": {"set": [[1, {"drop": null}]]}}}"#,
        #"{"ct count": {"val": 20, "inv": true}}"#,
    ]) func `a statement that is not understood leaves a doubt`(statement: String) throws {
        let judgement = try judge(try input(statement + #", {"drop": null}"#))
        #expect(judgement.fate == .accepted && judgement.mayDie, "\(statement)")
    }

    @Test(arguments: [
        #"{"reject": {"type": "icmpx", "expr": "port-unreachable"}}"#, #"{"reject": null}"#, #"{"drop": null}"#,
        #"{"jump": {"target": "sub"}}"#, #"{"goto": {"target": "sub"}}"#,
        #"{"log": {"prefix": "x"}}, {"drop": null}"#, #"{"xt": {"type": "match", "name": "comment"}}, {"drop": null}"#,
        #"{"vmap": {"key": {"payload": {"protocol": "ip", "field": "protocol"}}, "data": {"set": [["tcp", "#
            + #"{"accept": null}], ["ipencap", {"jump": {"target": "sub"}}]]}}}"#,
        #"{"vmap": {"key": {"payload": {"protocol": "ip", "field": "saddr"}}, "data": "@fates"}}"#,
        #"{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["new", {"drop": null}]]}}}"#,
    ]) func `what ends a packet is understood`(statement: String) throws {
        #expect(try judge(try input(statement, sets: sets)).fate != .accepted, "\(statement)")
    }

    @Test(
        arguments: [
            (#"{"masquerade": null}"#, .masquerade), (#"{"masquerade": {"flags": "random"}}"#, .masquerade),
            (#"{"snat": {"addr": "192.0.2.9"}}"#, .source(0xc000_0209...0xc000_0209)),
            (#"{"snat": {"addr": {"map": {"key": 1, "data": 2}}}}"#, .source(nil)),
            (#"{"xt": {"type": "target", "name": "MASQUERADE"}}"#, .masquerade),
            (#"{"dnat": {"addr": "10.0.0.1"}}"#, .destination), (#"{"redirect": null}"#, .destination),
        ] as [(String, Netfilter.Rewriting)])
    func `what rewrites an address is understood`(statement: String, expected: Netfilter.Rewriting) throws {
        #expect(try judge(try input(statement)).rewritings.map(\.rewriting) == [expected])
    }

    @Test func `ingress has devices, a dormant table has no rules, and other families are not ours`() throws {
        let edge = #""family": "netdev", "table": "edge""#
        let netfilter = try rules([
            #"{"table": {"family": "netdev", "name": "edge", "handle": 4}}"#,
            #"{"chain": {\#(edge), "name": "a", "type": "filter", "hook": "ingress", "dev": "eth0", "prio": 0, "#
                + #""policy": "drop"}}"#,
            #"{"chain": {\#(edge), "name": "b", "type": "filter", "hook": "egress", "dev": ["eth0", "eth1"], "#
                + #""prio": 0, "policy": "drop"}}"#,
            #"{"table": {"family": "ip", "name": "off", "flags": "dormant"}}"#,
            #"{"chain": {"family": "ip", "table": "off", "name": "in", "type": "filter", "hook": "input", "#
                + #""prio": 0, "policy": "drop"}}"#,
            #"{"table": {"family": "ip6", "name": "six"}}"#,
            #"{"chain": {"family": "ip6", "table": "six", "name": "in", "type": "filter", "hook": "input", "#
                + #""prio": 0, "policy": "drop"}}"#,
        ])
        #expect(netfilter.tables.map(\.name) == ["edge"])
        #expect(netfilter.tables.first?.chains["a"]?.base?.devices == ["eth0"])
        #expect(netfilter.tables.first?.chains["b"]?.base?.devices == ["eth0", "eth1"])
        #expect(try judge(netfilter) == Netfilter.Judgement())
        #expect(try judge(netfilter, at: .egress).fate != .accepted)
    }

    /// (condition, whether it holds for protocol 4 that arrives by the bridge br0, through a port that is not known)
    @Test(arguments: [
        (#"{"meta": {"key": "ibrname"}} == "br0""#, "yes"), (#"{"meta": {"key": "ibrname"}} == "br1""#, "no"),
        (#"{"meta": {"key": "iifname"}} == "eth0""#, "maybe"), (#"{"meta": {"key": "iifname"}} == "br0""#, "no"),
        (#"{"meta": {"key": "obrname"}} == "br0""#, "no"),
        (#"{"payload": {"protocol": "ether", "field": "type"}} == "ip""#, "yes"),
        (#"{"payload": {"protocol": "arp", "field": "operation"}} == "request""#, "no"),
    ]) func `chains of a bridge see its ports`(condition: String, expected: String) throws {
        let site = #""family": "bridge", "table": "site""#
        let netfilter = try rules([
            #"{"table": {"family": "bridge", "name": "site", "handle": 4}}"#,
            #"{"chain": {\#(site), "name": "a", "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}}"#,
            #"{"rule": {\#(site), "chain": "a", "handle": 5, "expr": [\#(statement(condition)), {"drop": null}]}}"#,
        ])
        var packet = Netfilter.Packet(protocolNumber: 4, inputDevice: "br0", state: .new)
        #expect(netfilter.judge(packet, at: .input) == Netfilter.Judgement())
        packet.bridges = [.input]
        let judgement = netfilter.judge(packet, at: .input)
        #expect((judgement.fate != .accepted ? "yes" : judgement.mayDie ? "maybe" : "no") == expected)
    }

    @Test(arguments: ["device \"eth0\"", "devices = { \"lo\", \"eth0\" }", "devices = { lo, eth0 }"])
    func `an nft whose JSON does not say the device says it in its text`(device: String) throws {
        let edge = #""family": "netdev", "table": "edge""#
        let netfilter = try rules(
            [
                #"{"table": {"family": "netdev", "name": "edge", "handle": 4}}"#,
                #"{"chain": {\#(edge), "name": "a", "type": "filter", "hook": "egress", "prio": 0, "policy": "drop"}}"#,
            ],
            text: "table netdev edge { # handle 4\n\tchain a { # handle 1\n"
                + "\t\ttype filter hook egress \(device) priority filter; policy drop;\n\t}\n}\n")
        #expect(netfilter.tables.first?.chains["a"]?.base?.devices.last == "eth0")
        #expect(try judge(netfilter, at: .egress).fate != .accepted)
    }

    @Test(arguments: ["", "nonsense", "[]", "{\"nftables\": {}}", "{\"nftables\": [1, {}, {\"rule\": 3}]}"])
    func `what is no ruleset is refused or empty`(json: String) {
        let tables = try? NftRuleset(json: json, text: "", protocols: ProtocolNumbers()).tables
        #expect(tables ?? [] == [])
    }

    private let sets = [
        #"{"set": {"family": "inet", "name": "peers", "table": "filter", "type": "ipv4_addr", "handle": 4, "#
            + #""elem": ["1.2.3.4", {"elem": {"val": "9.9.9.9", "expires": 3}}, {"range": ["192.0.2.2", "192.0.2.9"]}]}}"#,
        #"{"set": {"family": "inet", "name": "pairs", "table": "filter", "type": ["inet_proto", "ipv4_addr"], "#
            + #""handle": 6, "elem": [{"concat": ["ipencap", "192.0.2.2"]}]}}"#,
        #"{"map": {"family": "inet", "name": "fates", "table": "filter", "type": "ipv4_addr", "handle": 7, "#
            + #""map": "verdict", "elem": [["1.1.1.1", {"accept": null}], ["192.0.2.2", {"jump": {"target": "sub"}}]]}}"#,
    ]

    /// `LEFT OP RIGHT` as nft writes it.
    private func statement(_ match: String) -> String {
        for symbol in ["==", "!=", "<", ">=", "in", "frobs"] {
            guard let place = match.firstRange(of: " \(symbol) ") else { continue }
            let (left, right) = (match[..<place.lowerBound], match[place.upperBound...])
            return #"{"match": {"op": "\#(symbol)", "left": \#(left), "right": \#(right)}}"#
        }
        return match
    }
}
