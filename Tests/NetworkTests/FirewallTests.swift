// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Ordinary firewalls, with a tunnel whose packets pass or die there: doctor agrees with the kernel, and its fix mends it.
@Suite(.needsRoot)
struct FirewallTests {
    private func examine(_ host: Host, _ tunnel: Tunnel, path: String? = nil) throws -> Diagnoses {
        let wrapper = path.map { ["env", "PATH=\($0)"] } ?? []
        let ending = try host.run(wrapper + [Host.program, "doctor", "--json", tunnel.name])
        return try decode(ending.text, as: Diagnoses.self)
    }

    private func filter(_ host: Host, _ rules: String) throws {
        try host.shell("nft -f \(try host.lab.file("rules.nft", rules))")
    }

    /// A host as most are: it lets ssh, ping and answers in, and drops the rest. (projectcalico/felix#1558: protocol 4 passes
    /// once this host has sent some, and dies before.)
    private let ssh = """
        table inet filter {
            chain input {
                type filter hook input priority 0; policy drop;
                iif lo accept
                iifname "iptun*" accept
                tcp dport 22 accept
                icmp type { echo-request, echo-reply } accept
                ct status dnat accept
                fib daddr type { broadcast, multicast } drop
            }
        }
        """

    @Test func `rules about ports do not hide the chain that drops protocol 4, and the fix mends it`() throws {
        try Lab.open { lab in
            let ward = try Ward(.pair, in: lab)
            let tunnel = try #require(ward.tunnel?.a)
            #expect(try ward.b.ping("10.9.0.1") > 0)
            try filter(ward.a, ssh)
            try eventually("protocol 4 dies") { try ward.b.ping("10.9.0.1", count: 1) == 0 }
            let found = try examine(ward.a, tunnel)
            let first = try #require(found.checks.first)
            #expect(first.id == "netfilter.input" && first.verdict == "broken", "\(found)")
            #expect(first.evidence.first == "table inet filter, chain input: policy drop")
            try ward.a.shell(try #require(first.fix))
            try eventually("packets pass again") { try ward.b.ping("10.9.0.1", count: 1) == 1 }
            #expect(try examine(ward.a, tunnel).ids("broken") == [])
        }
    }

    @Test func `a firewall of firewalld is mended by its own command`() throws {
        try Lab.open { lab in
            let ward = try Ward(.pair, in: lab)
            let tunnel = try #require(ward.tunnel?.a)
            let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
            try ward.a.shell("nft -j -f \(root)/Tests/Fixtures/firewalls/firewalld.json")
            let found = try examine(ward.a, tunnel)
            let input = try #require(found.checks.first { $0.id == "netfilter.input" })
            #expect(input.verdict == "warning", "\(found)")
            #expect(
                input.fix == "firewall-cmd --permanent --zone=public --add-rich-rule='rule family=\"ipv4\" source "
                    + "address=\"192.0.2.2\" protocol value=\"4\" accept' && firewall-cmd --reload")
        }
    }

    @Test func `a bridge's chains are read where the underlay is a bridge`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try a.shell(
                """
                ip link add br0 type bridge; ip link set br0 up; ip link set eth0 master br0
                ip address delete 192.0.2.1/24 dev eth0; ip address add 192.0.2.1/24 dev br0
                """)
            let tunnel = try lab.upA(a)
            _ = try lab.upB(b)
            try eventually("packets pass") { try b.ping("10.9.0.1", count: 1) == 1 }
            #expect(try examine(a, tunnel).ids("broken") == [])
            try filter(
                a,
                """
                table bridge site {
                    chain pre {
                        type filter hook prerouting priority 0; policy accept;
                        ether type arp accept
                        ip protocol icmp accept
                        ip protocol 4 drop
                    }
                }
                """)
            try eventually("protocol 4 dies") { try b.ping("10.9.0.1", count: 1) == 0 }
            let first = try #require(try examine(a, tunnel).checks.first)
            #expect(first.id == "netfilter.prerouting" && first.verdict == "broken")
            try a.shell(try #require(first.fix))
            try eventually("packets pass again") { try b.ping("10.9.0.1", count: 1) == 1 }
        }
    }
}

/// A host that forwards for a reason of its own, such as Docker, whose rules drop all other forwarded packets.
@Suite(.needsRoot)
struct ForwardFirewallTests {
    /// Docker's rules for a container with a published port (moby/moby#39439, moby/moby#30338, pivpn/pivpn#396).
    private let docker = """
        table ip nat {
            chain POSTROUTING {
                type nat hook postrouting priority 100; policy accept;
                oifname != "docker0" ip saddr 172.17.0.0/16 masquerade
            }
        }
        table ip filter {
            chain DOCKER-USER { return; }
            chain DOCKER { iifname != "docker0" oifname "docker0" ip daddr 172.17.0.2 tcp dport 80 accept; }
            chain FORWARD {
                type filter hook forward priority 0; policy drop;
                jump DOCKER-USER
                oifname "docker0" ct state established,related accept
                oifname "docker0" jump DOCKER
                iifname "docker0" oifname != "docker0" accept
            }
        }
        """

    private func gateway(_ body: (Gateway, Tunnel) throws -> Void) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            try gateway.a.shell("echo 1 > /proc/sys/net/ipv4/ip_forward")
            try gateway.left.shell("ip route add default via 10.20.1.1")
            let a = try gateway.a.up(
                "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32")
            _ = try gateway.b.up(
                "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32,10.20.1.0/24")
            #expect(try gateway.b.ping("10.20.1.9") == 3)
            try gateway.a.shell("nft -f \(try lab.file("docker.nft", docker))")
            try body(gateway, a)
        }
    }

    private func examine(_ host: Host, _ tunnel: Tunnel) throws -> Diagnoses {
        try decode(try host.run([Host.program, "doctor", "--json", tunnel.name]).text, as: Diagnoses.self)
    }

    @Test func `where packets for others are dropped now, it is broken, and the fix lets answers pass too`() throws {
        try gateway { gateway, tunnel in
            _ = try gateway.b.start(["ping", "-n", "-i", "0.1", "10.20.1.9"])
            let first = try #require(try examine(gateway.a, tunnel).checks.first)
            #expect(first.id == "netfilter.forward" && first.verdict == "broken", "\(first)")
            #expect(first.evidence.first == "table ip filter, chain FORWARD: policy drop")
            #expect(first.evidence.last?.contains("packets from 10.9.0.2 for 10.20.1.9 came out of iptun0") == true)
            #expect(first.fix?.contains("DOCKER-USER") == true)
            // The same by nft, for machines without iptables.
            for condition in ["iifname iptun0 oifname lan", "iifname lan oifname iptun0"] {
                try gateway.a.shell("nft insert rule ip filter DOCKER-USER \(condition) accept")
            }
            #expect(try gateway.b.ping("10.20.1.9") == 3)
            #expect(try !examine(gateway.a, tunnel).ids("broken").contains("netfilter.forward"))
        }
    }

    @Test func `where the tunnel is for this host alone, it is for information`() throws {
        try gateway { gateway, tunnel in
            _ = try gateway.b.start(["ping", "-n", "-i", "0.1", "10.9.0.1"])
            let found = try examine(gateway.a, tunnel)
            #expect(found.checks.first { $0.id == "netfilter.forward" }?.verdict == "info")
            #expect(found.ids("broken") == [] && found.ids("warning") == [], "\(found)")
        }
    }
}

/// Tools that hang, print too much, or are missing: doctor ends in time, and names the gap.
@Suite(.needsRoot)
struct FirewallToolTests {
    private func examine(_ ward: Ward, tools: [String: String]) throws -> (Diagnoses, milliseconds: UInt64) {
        let folder = "\(ward.lab.directory)/tools"
        for (name, script) in tools {
            let file = try ward.lab.file("tools/\(name)", "#!/bin/sh\n\(script)\n")
            try ward.a.shell("chmod 755 \(file); mv \(file) \(folder)/\(name)")
        }
        let start = Clock.milliseconds
        let name = try #require(ward.tunnel?.a.name)
        let ending = try ward.a.run(
            ["env", "PATH=\(folder):/usr/sbin:/usr/bin:/bin", Host.program, "doctor", "--json", name])
        return (try decode(ending.text, as: Diagnoses.self), Clock.milliseconds - start)
    }

    /// (tools, the evidence)
    @Test(arguments: [
        (["nft": "sleep 60"], "nft: did not end within 2 s"),
        (["nft": "exec yes '{\"nftables\": [1,2,3]}'"], "nft: printed more than 16 MiB"),
        (["nft": "echo '{\"nftables\": [' "], "nft: printed JSON that is not understood"),
        (["nft": "echo 'Operation not permitted (you must be root)' >&2; exit 1"], "nft: needs root"),
        (
            ["nft": FirewallToolTests.foreign, "iptables-nft-save": "sleep 60"],
            "iptables-nft-save: did not end within 2 s"
        ),
        (
            ["nft": FirewallToolTests.foreign, "iptables-nft-save": "exec yes '*filter'"],
            "iptables-nft-save: printed more than 16 MiB"
        ),
    ])
    func `bad tools are named, and cost two seconds at most`(tools: [String: String], expected: String) throws {
        try Lab.open { lab in
            let ward = try Ward(.pair, in: lab)
            let (found, milliseconds) = try examine(ward, tools: tools)
            let evidence = found.checks.filter { $0.verdict == "unknown" }.flatMap(\.evidence)
            #expect(evidence.contains { $0.contains(expected) }, "\(found)")
            #expect(milliseconds < 15_000)
        }
    }

    /// Prints a table of iptables, whose matches nft does not know.
    private static let foreign = """
        echo '{"nftables": [{"table": {"family": "ip", "name": "filter", "handle": 1}}, {"chain": {"family": "ip",
        "table": "filter", "name": "INPUT", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}},
        {"rule": {"family": "ip", "table": "filter", "chain": "INPUT", "handle": 2, "expr": [{"xt": {"type": "match",
        "name": "conntrack"}}, {"accept": null}]}}]}'
        """

    @Test func `rules of iptables are read by iptables-save`() throws {
        try Lab.open { lab in
            let ward = try Ward(.pair, in: lab)
            let saved = """
                echo '# Generated by iptables-nft-save v1.8.9 (nf_tables)
                *filter
                :INPUT DROP [0:0]
                -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
                COMMIT'
                """
            let tools = ["nft": FirewallToolTests.foreign, "iptables-nft-save": saved]
            let (found, _) = try examine(ward, tools: tools)
            let input = try #require(found.checks.first { $0.id == "netfilter.input" })
            #expect(input.verdict == "warning")
            #expect(input.fix == "iptables -I INPUT -s 192.0.2.2 -p 4 -j ACCEPT")
            // Without it the rule is in doubt, and the gap is named.
            let (other, _) = try examine(
                ward, tools: ["nft": FirewallToolTests.foreign, "iptables-nft-save": "exit 1"])
            #expect(other.checks.first { $0.id == "netfilter.input" && $0.verdict == "info" } != nil)
            #expect(other.ids("unknown").contains("netfilter.input"))
        }
    }
}
