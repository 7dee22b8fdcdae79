// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

/// Forwarding that the tunnel did not ask for, and links of which only some are let through.
@Suite struct NetfilterForwardTests {
    private func device(_ field: Netfilter.Field, _ name: String) -> Netfilter.Step {
        .match(.init([field], .elements([.init([.device(name)])])))
    }

    private let established = Netfilter.Rule(
        "established",
        [.match(.init([.connectionState], .elements([.init([.state(.established)])]))), .verdict(.accept)])

    /// A host between tunnel `b` and the links eth0 and lan, which drops all other forwarded packets.
    private func host(_ rules: [Netfilter.Rule] = [], isForwarding: Bool = true) -> HostSnapshot {
        var table = Netfilter.Table(.ip, "filter", tool: .iptables)
        table.chains["FORWARD"] = Netfilter.Chain("FORWARD", base: .init(.forward, policy: .drop), rules: rules)
        var host = HostSnapshot.healthy
        host.netfilter = .known(Netfilter(tables: [table]))
        host.network.connected = [LinkSnapshot("eth0"), LinkSnapshot("b"), LinkSnapshot("lan")]
        host.set(.forwarding, to: isForwarding ? 1 : 0, on: "b")
        return host
    }

    private func transit(ipProtocol: UInt8 = 1, packets: Int = 5) -> TransitTraffic {
        var traffic = TransitTraffic(
            "b", from: address("10.9.0.2"), to: address("10.1.0.9"), ipProtocol: ipProtocol, packets: packets)
        traffic.link = "lan"
        return traffic
    }

    @Test func `a host that does not forward has no rule to fear`() {
        #expect(NetfilterForward.verdicts(host(isForwarding: false)) == [.ok])
        #expect(NetfilterForward.verdicts(host()) == [.info])
    }

    @Test func `packets for others make it broken, and the fix is for both directions`() throws {
        var host = host()
        host.transit = [transit()]
        let found = try #require(NetfilterForward.judge(host).first)
        #expect(found.verdict == .broken)
        #expect(found.evidence.last == "5 packets from 10.9.0.2 for 10.1.0.9 came out of b within 1000 ms")
        #expect(found.fix == "iptables -I FORWARD -i b -o lan -j ACCEPT && iptables -I FORWARD -i lan -o b -j ACCEPT")
        host.transit[0].device = "another"
        #expect(NetfilterForward.verdicts(host) == [.info])
    }

    @Test func `a rule that lets them pass is fine`() {
        let open = Netfilter.Rule("open", [device(.inputDevice, "b"), device(.outputDevice, "lan"), .verdict(.accept)])
        var host = host([open])
        host.transit = [transit()]
        #expect(NetfilterForward.judge(host).filter { $0.verdict == .broken || $0.verdict == .warning } == [])
    }

    /// (protocol that is dropped, verdict): a rule about some traffic may be meant.
    @Test(arguments: [(UInt32(1), Verdict.warning), (6, .ok)])
    func `a rule about this traffic alone is a warning`(number: UInt32, expected: Verdict) {
        let rule = Netfilter.Rule(
            "no", [.match(.init([.protocolNumber], .elements([.init([.numbers(number...number)])]))), .verdict(.drop)])
        var host = host([rule, .init("all", [.verdict(.accept)])])
        host.transit = [transit()]
        #expect(NetfilterForward.verdicts(host) == [expected])
    }

    @Test func `where answers pass, it depends on whether the kernel forwards`() {
        var host = host([established])
        host.transit = [transit()]
        for (forwarded, expected) in [(UInt64(0), Verdict.warning), (5, .info)] {
            host.network.counters = .known(["Ip.ForwDatagrams": Growth(total: 100, recent: forwarded)])
            #expect(NetfilterForward.verdicts(host) == [expected])
        }
    }

    @Test func `forwarding that was asked for has to pass to one link at least`() {
        var asked = host()
        asked.tunnels[0].forwarding = .asked
        #expect(NetfilterForward.verdicts(asked) == [.broken])
        let open = [
            Netfilter.Rule("out", [device(.inputDevice, "b"), device(.outputDevice, "lan"), .verdict(.accept)]),
            Netfilter.Rule("in", [device(.inputDevice, "lan"), device(.outputDevice, "b"), .verdict(.accept)]),
        ]
        asked.netfilter = host(open).netfilter
        #expect(NetfilterForward.verdicts(asked) == [.ok])
        // Where no link is known, a rule about one may be the one that matters.
        asked.network.connected = []
        #expect(NetfilterForward.verdicts(asked) == [.info])
    }

    @Test func `a bridge behind this host has chains of its own`() {
        var table = Netfilter.Table(.bridge, "site")
        table.chains["out"] = Netfilter.Chain("out", base: .init(.output, policy: .drop))
        var bridged = host()
        bridged.netfilter = .known(Netfilter(tables: [table]))
        bridged.tunnels[0].forwarding = .asked
        bridged.tunnels[0].proxy = .init("lan", [])
        bridged.network.links["lan"]?.isBridge = false
        #expect(NetfilterForward.verdicts(bridged) == [.ok])
        bridged.network.links["lan"]?.isBridge = true
        #expect(NetfilterForward.verdicts(bridged) == [.broken])
    }
}
