// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

@Suite struct NetfilterChecksTests {
    /// A tunnel between 192.0.2.1 and 192.0.2.2 over eth0, on a host with these rules in a chain of `hook`.
    private func host(
        _ hook: Netfilter.Hook, policy: Netfilter.Policy = .accept, kind: Netfilter.Kind = .filter,
        _ rules: [Netfilter.Rule] = []
    ) -> HostSnapshot {
        var base = Netfilter.Base(hook, kind: kind, policy: policy)
        if hook == .ingress || hook == .egress { base.devices = ["eth0"] }
        var table = Netfilter.Table(.inet, "site")
        table.chains["chain"] = Netfilter.Chain("chain", base: base, rules: rules)
        var host = HostSnapshot.besideOthers
        host.netfilter = .known(Netfilter(tables: [table]))
        return host
    }

    private func rule(_ text: String, _ protocolNumber: UInt32, _ step: Netfilter.Step) -> Netfilter.Rule {
        .init(
            text,
            [
                .match(.init([.protocolNumber], .elements([.init([.numbers(protocolNumber...protocolNumber)])]))), step,
            ])
    }

    private let established = Netfilter.Rule(
        "ct state established accept",
        [.match(.init([.connectionState], .elements([.init([.state(.established)])]))), .verdict(.accept)])

    private func ids(_ host: HostSnapshot, _ verdict: Verdict) -> [String] {
        Doctor.examine(host, checks).filter { $0.verdict == verdict }.map(\.id)
    }

    private let checks: [any Check.Type] = [
        NetfilterProtocol94.self, NetfilterPrerouting.self, NetfilterInput.self, NetfilterOutput.self,
        NetfilterPostrouting.self, NetfilterForward.self, NATSource.self,
    ]

    @Test(
        arguments: [
            (.ingress, "netfilter.prerouting"), (.prerouting, "netfilter.prerouting"), (.input, "netfilter.input"),
            (.output, "netfilter.output"), (.postrouting, "netfilter.postrouting"), (.egress, "netfilter.postrouting"),
        ] as [(Netfilter.Hook, String)]) func `a drop of protocol 4 is broken at its hook alone`(
            hook: Netfilter.Hook, id: String
        )
    {
        for step in [Netfilter.Step.verdict(.drop), .verdict(.reject)] {
            let found = Doctor.examine(host(hook, [rule("the rule", 4, step)]), checks)
            #expect(found.first?.id == id)
            #expect(found.first?.verdict == .broken)
            #expect(found.first?.evidence.first == "table inet site, chain chain: the rule")
            #expect(found.filter { $0.verdict == .broken }.count == 1)
        }
        #expect(ids(host(hook, [rule("another", 6, .verdict(.drop))]), .broken).isEmpty)
    }

    @Test func `the fix accepts just what is stopped`() {
        let arriving = Doctor.examine(host(.input, policy: .drop), checks).first
        #expect(arriving?.fix == "nft insert rule inet site chain ip saddr 192.0.2.2 ip protocol 4 accept")
        #expect(arriving?.evidence.last == "stops protocol 4 from 192.0.2.2 to 192.0.2.1 by eth0")
        let leaving = Doctor.examine(host(.output, [rule("no", 4, .verdict(.drop))]), checks).first
        #expect(leaving?.fix == "nft insert rule inet site chain ip daddr 192.0.2.2 ip protocol 4 accept")
    }

    @Test func `where only answers pass, it is a warning`() {
        #expect(ids(host(.input, policy: .drop, [established]), .broken).isEmpty)
        #expect(ids(host(.input, policy: .drop, [established]), .warning) == ["netfilter.input"])
    }

    @Test func `what depends on something unknown is for information`() {
        let rule = Netfilter.Rule("limited", [.unknown("limit"), .verdict(.drop)])
        #expect(ids(host(.output, [rule]), .broken).isEmpty)
        #expect(ids(host(.output, [rule]), .info) == ["netfilter.output"])
        let saved = Netfilter.Rule("limited", [.unknown("limit"), .verdict(.accept)])
        #expect(ids(host(.input, policy: .drop, [saved]), .broken).isEmpty)
        #expect(ids(host(.input, policy: .drop, [saved]), .info) == ["netfilter.input"])
    }

    @Test func `an accept rule for 94 is the cause, and that packets die its consequence`() {
        let trapped = host(.input, policy: .drop, [rule("94 accept", 94, .verdict(.accept))])
        #expect(ids(trapped, .broken) == ["netfilter.protocol94"])
        #expect(ids(trapped, .warning) == ["netfilter.input"])
        let both = [rule("94 accept", 94, .verdict(.accept)), rule("4 accept", 4, .verdict(.accept))]
        #expect(ids(host(.input, policy: .drop, both), .broken).isEmpty)
        #expect(ids(host(.input, policy: .drop), .broken) == ["netfilter.input"])
    }

    @Test func `what is forwarded matters where the tunnel is to forward`() {
        var forwarding = host(.forward, policy: .drop)
        #expect(ids(forwarding, .broken).isEmpty)
        forwarding.tunnels[0].forwarding = .asked
        #expect(ids(forwarding, .broken) == ["netfilter.forward"])
        forwarding.tunnels[0].proxy = .init("lan", [])
        let fix = Doctor.examine(forwarding, checks).first?.fix
        #expect(
            fix == "nft insert rule inet site chain iifname \"tun\" oifname \"lan\" accept && "
                + "nft insert rule inet site chain iifname \"lan\" oifname \"tun\" accept")
    }

    @Test func `NAT that gives us another source is broken, one that gives us our own is not`() {
        func nat(_ rewriting: Netfilter.Rewriting) -> HostSnapshot {
            host(.postrouting, kind: .nat, [rule("nat", 4, .rewrite(rewriting))])
        }
        let (own, other) = (IPv4Address.of("192.0.2.1").rawValue, IPv4Address.of("192.0.2.9").rawValue)
        #expect(ids(nat(.source(other...other)), .broken) == ["nat.source"])
        #expect(ids(nat(.source(own...own)), .broken).isEmpty)
        #expect(ids(nat(.source(nil)), .broken) == ["nat.source"])
        #expect(ids(nat(.masquerade), .warning) == ["nat.source"])
        for (first, expected) in [("192.0.2.1", []), ("192.0.2.9", ["nat.source"])] {
            var masquerading = nat(.masquerade)
            masquerading.surroundings.firstAddresses["eth0"] = IPv4Address.of(first)
            #expect(ids(masquerading, .broken) == expected)
            #expect(ids(masquerading, .warning).isEmpty)
        }
    }

    @Test func `a filter that cannot be read is unknown also where no route leads to the peer`() {
        var host = HostSnapshot.besideOthers
        host.netfilter = .hidden("nft does not answer")
        for tunnel in host.tunnels.indices {
            host.tunnels[tunnel].device = nil
            for peer in host.tunnels[tunnel].peers.indices { host.tunnels[tunnel].peers[peer].way = nil }
        }
        #expect(ids(host, .unknown).filter { $0.hasPrefix("netfilter.") }.count >= 4)
    }

    @Test func `what cannot be read is unknown`() {
        var host = HostSnapshot.besideOthers
        host.netfilter = .hidden("nft: needs root")
        #expect(ids(host, .broken).isEmpty)
        #expect(ids(host, .unknown).contains("netfilter.input"))
        host.netfilter = .known(Netfilter(gaps: ["tables of iptables"]))
        #expect(ids(host, .unknown).contains("netfilter.input"))
        host.netfilter = .known(Netfilter())
        #expect(ids(host, .unknown).isEmpty)
    }
}

@Suite struct OwnerChecksTests {
    private typealias Link = Surroundings.KernelTunnel

    @Test(
        arguments: [
            ("192.0.2.1", "192.0.2.2", true, .broken), ("0.0.0.0", "0.0.0.0", true, .broken),
            ("0.0.0.0", "192.0.2.2", true, .broken), ("192.0.2.1", "192.0.2.77", true, .info),
            ("192.0.2.77", "192.0.2.2", true, .info), ("0.0.0.0", "0.0.0.0", false, .info),
        ] as [(String, String, Bool, Verdict)])
    func `a kernel tunnel is a rival when it is up and takes our peer's packets`(
        local: String, remote: String, isUp: Bool, expected: Verdict
    ) {
        var host = HostSnapshot.besideOthers
        #expect(OwnerKernel.judge(host).map(\.verdict) == [.ok])
        let link = Link("tunl0", kind: "ipip", isUp: isUp, local: IPv4Address.of(local), remote: IPv4Address.of(remote))
        host.surroundings.kernelTunnels = .known([link])
        #expect(OwnerKernel.judge(host).map(\.verdict) == [expected])
    }

    @Test func `the module alone does no harm, and is not ours to remove`() {
        var host = HostSnapshot.besideOthers
        host.surroundings.modules = ["ipip", "tunnel4"]
        #expect(OwnerKernel.judge(host).map(\.verdict) == [.info])
        #expect(OwnerKernel.judge(host).first?.fix == nil)
    }

    @Test func `sit for IPv6 alone is no rival`() {
        var host = HostSnapshot.besideOthers
        var link = Link(
            "sit1", kind: "sit", isUp: true, local: IPv4Address.of("192.0.2.1"), remote: IPv4Address.of("192.0.2.2"))
        link.takesIPv4 = false
        host.surroundings.kernelTunnels = .known([link])
        #expect(OwnerKernel.judge(host).map(\.verdict) == [.ok])
    }

    @Test func `a rival that something uses is not switched off`() {
        var host = HostSnapshot.besideOthers
        var link = Link(
            "k1", kind: "ipip", isUp: true, local: IPv4Address.of("192.0.2.1"), remote: IPv4Address.of("192.0.2.2"))
        host.surroundings.kernelTunnels = .known([link])
        #expect(OwnerKernel.judge(host).first?.fix == "ip link set dev k1 down")
        link.uses = ["address 10.0.0.1/32"]
        host.surroundings.kernelTunnels = .known([link])
        #expect(OwnerKernel.judge(host).first?.fix == nil)
        #expect(OwnerKernel.judge(host).first?.verdict == .broken)
    }

    @Test func `another program's socket is a warning, and broken where answers arrive twice; our daemons' are well`() {
        var host = HostSnapshot.besideOthers
        host.surroundings.owners = .known([.init(process: 7, command: "iptund")])
        #expect(OwnerForeign.judge(host).map(\.verdict) == [.ok])
        host.surroundings.owners = .known([.init(process: 7, command: "iptund"), .init(process: 8, command: "other")])
        #expect(OwnerForeign.judge(host).map(\.verdict) == [.warning])
        #expect(OwnerForeign.judge(host).first?.fix == nil)
        host.probes = [.unanswered { ($0.inner.answered, $0.duplicates) = (3, 3) }]
        #expect(OwnerForeign.judge(host).map(\.verdict) == [.broken])
        host.probes = []
        host.surroundings.owners = .known([.init(process: nil, command: "somebody")])
        #expect(OwnerForeign.judge(host).map(\.verdict) == [.warning])
        host.surroundings.owners = .hidden("needs root")
        #expect(OwnerForeign.judge(host).map(\.verdict) == [.unknown])
    }

    @Test func `a private address towards a public one means a translator`() {
        var host = HostSnapshot.besideOthers
        #expect(NATUnderlay.judge(host).map(\.verdict) == [.ok])
        host.tunnels[0].peers[0].local = IPv4Address.of("10.0.0.5")
        host.tunnels[0].peers[0].endpoint = IPv4Address.of("8.8.8.8")
        host.surroundings.vendor = "Amazon EC2"
        let found = NATUnderlay.judge(host)
        #expect(found.map(\.verdict) == [.info])
        #expect(found.first?.evidence.count == 2)
        host.tunnels[0].peers[0].local = IPv4Address.of("100.64.1.1")
        #expect(NATUnderlay.judge(host).first?.evidence.first?.contains("provider") == true)
    }

    @Test func `martians of our devices are spoken of, and how to see them`() {
        var host = HostSnapshot.besideOthers
        #expect(MartianLogged.judge(host).map(\.verdict) == [.ok])
        host.surroundings.martianLoggers = ["all"]
        host.surroundings.martians = .known(["martian source 1.1.1.1 from 2.2.2.2, on dev elsewhere"])
        #expect(MartianLogged.judge(host).map(\.verdict) == [.ok])
        host.surroundings.martians = .known(["martian source 10.9.0.1 from 10.9.0.1, on dev tun"])
        #expect(MartianLogged.judge(host).map(\.verdict) == [.info])
    }
}

@Suite struct KernelDroppedTests {
    @Test func `without --watch nothing is said`() {
        #expect(KernelDropped.judge(HostSnapshot()) == [])
    }

    @Test func `a reason whose counter grew here is probably ours`() {
        var host = HostSnapshot.besideOthers
        host.network.counters = .known(["TcpExt.IPReversePathFilter": Growth(total: 9, recent: 3)])
        host.kernelDrops = .known(KernelDrops(["IP_RPFILTER": 5, "TCP_OLD_DATA": 7], missed: 2, milliseconds: 1_000))
        let found = KernelDropped.judge(host)
        #expect(found.map(\.verdict) == [.warning])
        #expect(found.first?.evidence.first?.contains("see rpfilter.tunnel") == true)
        host.network.counters = .known(["TcpExt.IPReversePathFilter": Growth(total: 9, recent: 0)])
        #expect(KernelDropped.judge(host).map(\.verdict) == [.info])
    }

    @Test func `what has nothing to do with tunnels is fine`() {
        var host = HostSnapshot.besideOthers
        host.kernelDrops = .known(KernelDrops(["TCP_OLD_DATA": 7], milliseconds: 1_000))
        #expect(KernelDropped.judge(host).map(\.verdict) == [.ok])
    }

    @Test func `where the kernel does not tell, counters have to do`() {
        var host = HostSnapshot.besideOthers
        host.network.counters = .known(["Ip.InHdrErrors": Growth(total: 9, recent: 3)])
        host.kernelDrops = .hidden("needs root")
        let found = KernelDropped.judge(host)
        #expect(found.map(\.verdict) == [.unknown])
        #expect(found.first?.evidence == ["needs root", "Ip.InHdrErrors: 3 more within 0 ms"])
    }

    @Test func `each reason points to a check that there is`() {
        let ids = Set(Doctor.checks.map { $0.id })
        for (name, reason) in KernelDropReason.known where reason.check != "netfilter.*" {
            let isOfProbes = ["peer.absent", "mtu.path"].contains(reason.check)
            #expect(ids.contains(reason.check) || isOfProbes, "\(name)")
        }
    }
}

extension HostSnapshot {
    /// A tunnel between 192.0.2.1 and 192.0.2.2 over eth0, and nobody else who wants protocol 4.
    fileprivate static var besideOthers: HostSnapshot {
        var peer = PeerSnapshot("192.0.2.2", endpoint: IPv4Address.of("192.0.2.2"))
        peer.local = IPv4Address.of("192.0.2.1")
        let way = RouteAnswer.Way.out(device: "eth0", gateway: nil, source: IPv4Address.of("192.0.2.1"))
        peer.way = RouteAnswer("ip route get 192.0.2.2", way)
        peer.allowed = [.of("10.9.0.2/32")]
        var tunnel = TunnelSnapshot("tun")
        tunnel.device = "tun"
        tunnel.peers = [peer]
        var host = HostSnapshot()
        host.tunnels = [tunnel]
        host.netfilter = .known(Netfilter())
        host.surroundings.kernelTunnels = .known([])
        host.surroundings.owners = .known([])
        return host
    }
}
