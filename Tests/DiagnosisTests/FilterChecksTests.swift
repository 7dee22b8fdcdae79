// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

/// Reverse path filtering, forwarding, proxies, redirects.
struct FilterChecksTests {
    /// (of the device, of all, what drops, whether a block has no way back, what it is)
    @Test(arguments: [
        (2, 0, Growth(), false, Verdict.ok), (1, 0, Growth(), false, .info), (1, 0, growing, false, .broken),
        (1, 0, old, false, .info), (0, 1, Growth(), true, .broken), (1, 2, growing, true, .ok),
        (0, 0, growing, true, .ok),
    ])
    func `strict filtering at the device matters where something has no way back`(
        own: UInt32, common: UInt32, drops: Growth, hasLost: Bool, verdict: Verdict
    ) {
        var host = HostSnapshot.network { network in
            network.counters = .known(["TcpExt.IPReversePathFilter": drops])
            network.common = .known(["rp_filter": common])
        }
        host.set(.reversePathFilter, to: own, on: "b")
        host.tunnels[0].routing = .byOthers
        if hasLost { host.tunnels[0].peers[0].inner[1].answers = [.out("ip route get 10.20.0.1", "eth0")] }
        #expect(ReversePathTunnel.verdicts(host) == [verdict])
    }

    @Test func `a setting that cannot be read is unknown`() {
        #expect(ReversePathTunnel.verdicts(.network { $0.common = .hidden("/proc: no") }) == [.unknown])
    }

    @Test func `strict filtering at the underlay drops what is routed elsewhere`() {
        var host = HostSnapshot.peer { $0.plainWay = .out("ip route get 192.0.2.2", "b") }
        #expect(ReversePathUnderlay.verdicts(host) == [.ok])
        host.set(.reversePathFilter, to: 1, on: "eth0")
        #expect(ReversePathUnderlay.verdicts(host) == [.warning])
        host.network.counters = .known(["TcpExt.IPReversePathFilter": growing])
        // The peer's packets come through: the kernel dropped somebody else's.
        #expect(ReversePathUnderlay.verdicts(host) == [.warning])
        host.tunnels[0].peers[0].received = old
        #expect(ReversePathUnderlay.verdicts(host) == [.broken])
        host.network.counters = .known([:])
        let (outer, errors) = (
            RuleSnapshot(priority: 30_000, table: 254, ipProtocol: 4),
            RuleSnapshot(priority: 30_001, table: 254, ipProtocol: 1)
        )
        // The peer's packets come in; what routers further on say does not.
        host.network.rules = .known([outer])
        #expect(ReversePathUnderlay.verdicts(host) == [.warning])
        host.network.rules = .known([outer, errors])
        #expect(ReversePathUnderlay.verdicts(host) == [.ok])
    }

    @Test func `loose filtering is strict at a device without an address`() {
        var host = HostSnapshot.network { $0.counters = .known(["TcpExt.IPReversePathFilter": growing]) }
        #expect(ReversePathTunnel.verdicts(host) == [.ok])
        host.network.links["b"]?.hasAddress = false
        #expect(ReversePathTunnel.verdicts(host) == [.broken])
        #expect(ReversePathTunnel.judge(host)[0].next?.hasSuffix("ip address add ADDRESS/32 dev b") == true)
    }

    @Test func `a host that is to forward has to`() {
        var host = HostSnapshot.tunnel { tunnel in
            tunnel.forwarding = .asked
            tunnel.proxy = .init("lan", [])
        }
        #expect(ForwardingOff.verdicts(host) == [.broken])
        host.set(.forwarding, to: 1, on: "b")
        #expect(ForwardingOff.judge(host)[0].fix == "sysctl -w net.ipv4.conf.lan.forwarding=1")
        host.set(.forwarding, to: 1, on: "lan")
        #expect(ForwardingOff.verdicts(host) == [.ok])
    }

    @Test func `a host that is not to forward is warned of packets for others, and not made a router`() {
        var host = HostSnapshot.healthy
        #expect(ForwardingOff.verdicts(host) == [.ok])
        // A few may be anything.
        host.network.counters = .known(["Ip.InAddrErrors": growing])
        #expect(ForwardingOff.verdicts(host) == [.info])
        host.network.counters = .known(["Ip.InAddrErrors": Growth(total: 20, recent: 10)])
        host.tunnels[0].decapsulated = Growth(total: 20, recent: 10)
        #expect(ForwardingOff.verdicts(host) == [.warning])
        #expect(ForwardingOff.judge(host)[0].fix == nil)
        host.tunnels[0].decapsulated = old
        #expect(ForwardingOff.verdicts(host) == [.ok])
    }

    @Test func `each proxied address needs its entry`() {
        var host = HostSnapshot.tunnel { $0.proxy = .init("lan", [address("10.1.0.9"), address("10.1.0.8")]) }
        #expect(ProxyMissing.judge(host)[0].fix == nil)
        host.tunnels[0].missing = ["ip neigh add proxy 10.1.0.9 dev lan", "ip neigh add proxy 10.1.0.8 dev lan"]
        #expect(
            ProxyMissing.judge(host)[0].fix
                == "ip neigh add proxy 10.1.0.9 dev lan && ip neigh add proxy 10.1.0.8 dev lan")
        host.tunnels[0].origin = .file("/etc/iptund/b.conf")
        #expect(ProxyMissing.judge(host)[0].fix == "iptund reload b")
        host.network.proxies = .known(["lan": [address("10.1.0.8")], "eth0": [address("10.1.0.9")]])
        #expect(ProxyMissing.verdicts(host) == [.broken])
        #expect(ProxyMissing.judge(host)[0].fix == "ip neigh add proxy 10.1.0.9 dev lan")
        host.network.proxies = .known(["lan": [address("10.1.0.8"), address("10.1.0.9")]])
        #expect(ProxyMissing.verdicts(host) == [.ok])
    }

    @Test func `redirects are warned of where packets are forwarded`() {
        var host = HostSnapshot.healthy
        host.set(.sendRedirects, to: 1, on: "b")
        #expect(RedirectsSent.verdicts(host) == [.ok])
        host.tunnels[0].forwarding = .asked
        #expect(RedirectsSent.verdicts(host) == [.warning])
        #expect(RedirectsSent.judge(host)[0].fix == "sysctl -w net.ipv4.conf.b.send_redirects=0")
    }
}
