// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Tunnel
import Wire

/// What counters say.
struct PacketChecksTests {
    @Test(arguments: [(growing, Verdict.broken), (old, .info), (Growth(), .ok)])
    func `what is dropped now is broken, what was dropped before is worth knowing`(growth: Growth, verdict: Verdict) {
        #expect(SourceOwn.verdicts(.peer { $0.drops[.ownSource] = growth }) == [verdict])
        var host = HostSnapshot.peer { $0.drops[.innerSource] = growth }
        host.tunnels[0].decapsulated = Growth()
        #expect(InnerSource.verdicts(host) == [verdict])
        #expect(InnerChecksum.verdicts(.peer { $0.drops[.innerChecksum] = growth }) == [verdict])
        #expect(ReceiveOverflow.verdicts(.tunnel { $0.socketLosses = growth }) == [verdict])
        #expect(QueueOverflow.verdicts(.tunnel { $0.deviceLosses = growth }) == [verdict])
    }

    @Test(arguments: [(growing, Verdict.broken, Verdict.info), (old, .ok, .ok)])
    func `of the kernel's counters only what is new counts`(growth: Growth, checksum: Verdict, reassembly: Verdict) {
        var host = HostSnapshot.network {
            $0.counters = .known(["IpExt.InCsumErrors": growth, "Ip.ReasmFails": growth])
        }
        if growth == growing { #expect(OuterChecksum.verdicts(host) == [.warning]) }
        // While the peer is heard, the packets may be of other hosts.
        host.tunnels[0].peers[0].received = old
        #expect(OuterChecksum.verdicts(host) == [checksum])
        #expect(ReassemblyFailed.verdicts(host) == [reassembly])
    }

    @Test func `without /proc the kernel's counters are unknown`() {
        let host = HostSnapshot.network { $0.counters = .hidden("/proc/net/snmp: no such file") }
        #expect(OuterChecksum.verdicts(host) == [.unknown])
        #expect(ReassemblyFailed.verdicts(host) == [.unknown])
    }

    @Test func `IPv6 and merged segments are worth knowing`() {
        #expect(IPv6Inside.verdicts(.tunnel { $0.drops[.innerIPv6] = growing }) == [.info])
        #expect(SegmentsMerged.verdicts(.tunnel { $0.merged = growing }) == [.info])
    }

    @Test func `a device that is too large for the way is warned of, one that is too large for the path is not`() {
        #expect(MTUDevice.verdicts(.peer { $0.underlayMTU = 1_400 }) == [.warning])
        #expect(MTUDevice.judge(.peer { $0.underlayMTU = 1_400 })[0].fix == "ip link set dev b mtu 1380")
        #expect(MTUDevice.verdicts(.peer { $0.pathMTU = 1_300 }) == [.info])
        #expect(MTUDevice.verdicts(.peer { $0.pathMTU = 0 }) == [.ok])
    }

    @Test func `who accepts anybody is open`() {
        #expect(PostureOpen.verdicts(.tunnel { $0.acceptsFrom = "any" }) == [.warning])
        #expect(PostureOpen.verdicts(.peer { $0.allowed = nil }) == [.ok])
        let host = HostSnapshot.peer { peer in (peer.allowed, peer.endpoint) = (nil, address("111.112.100.86")) }
        #expect(PostureOpen.verdicts(host) == [.info])
    }

    @Test func `errors of the network are told`() {
        #expect(ICMPErrors.verdicts(.peer { $0.errors = growing }) == [.warning])
        #expect(ICMPErrors.verdicts(.peer { $0.errors = old }) == [.info])
        let unheard = HostSnapshot.peer { ($0.errors, $0.received) = (old, Growth()) }
        #expect(ICMPErrors.verdicts(unheard) == [.warning])
    }

    @Test func `two owners of a pair of addresses deliver twice what both accept`() {
        var host = HostSnapshot.healthy
        var twin = TunnelSnapshot.healthy
        twin.name = "twin"
        host.others = [twin]
        #expect(Doctor.examine(host).filter { $0.verdict == .broken }.map(\.id) == ["owner.twice"])
        host.others[0].peers[0].local = address("192.0.2.7")
        #expect(OwnerTwice.verdicts(host) == [.ok])
    }

    @Test func `two tunnels to one peer with AllowedIPs apart do no harm, and each drops the other's packets`() {
        var host = HostSnapshot.healthy
        var twin = TunnelSnapshot.healthy
        twin.name = "twin"
        twin.peers[0].allowed = [prefix("10.77.0.0/16")]
        host.others = [twin]
        host.tunnels[0].peers[0].drops[.innerSource] = twin.peers[0].received
        #expect(OwnerTwice.verdicts(host) == [.info])
        #expect(InnerSource.verdicts(host) == [.ok])
        host.tunnels[0].peers[0].drops[.innerSource] = Growth(total: 200, recent: 50)
        #expect(InnerSource.verdicts(host) == [.broken])
        host.tunnels[0].decapsulated = Growth(total: 2_000, recent: 500)
        #expect(InnerSource.verdicts(host) == [.warning])
    }

    @Test func `strangers are warned of, peers of other tunnels are no strangers`() {
        var host = HostSnapshot.tunnel { $0.drops[.notPeer] = Growth(total: 50, recent: 20) }
        #expect(Strangers.verdicts(host) == [.warning])
        var other = TunnelSnapshot.healthy
        other.name = "c"
        other.peers[0].endpoint = address("192.0.2.3")
        other.peers[0].received = Growth(total: 50, recent: 20)
        host.others = [other]
        #expect(Strangers.verdicts(host) == [.ok])
        host.tunnels[0].drops[.notPeer] = Growth(total: 90, recent: 60)
        #expect(Strangers.verdicts(host) == [.warning])
    }

    /// Blocks of RFC 6890, and their neighbours.
    @Test(arguments: [
        ("10.0.0.1", false), ("11.0.0.1", true), ("172.31.0.1", false), ("172.32.0.1", true), ("192.168.1.1", false),
        ("100.64.0.1", false), ("100.128.0.1", true), ("192.0.2.1", false), ("127.0.0.1", false), ("8.8.8.8", true),
        ("224.0.0.1", false),
    ])
    func `public addresses`(text: String, isPublic: Bool) {
        #expect(address(text).isPublic == isPublic)
    }
}
