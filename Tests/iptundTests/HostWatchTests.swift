// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite(.needsRoot) struct HostWatchTests {
    static let here = IPv4Address(10, 0, 0, 1)
    static let there = IPv4Address(10, 0, 0, 2)

    /// Looks once at the start and once after `script` has changed something: what was found then.
    private func find(
        after script: String, slots: [Peer?] = [Peer(endpoint: Self.there, local: Self.here)]
    ) throws -> (first: HostWatch.Findings?, second: HostWatch.Findings?) {
        try inFreshNetwork {
            let device = try TUNDevice(name: "network")
            try shell("ip link set network addrgenmode none up; ip address add \(Self.here)/24 dev network")
            let tunnel = try TUNDevice(name: "tunnel")
            try shell("ip link set tunnel addrgenmode none up")
            let netlink = try Netlink()
            let index = try netlink.link(named: "tunnel")?.index ?? 0
            var watch = try HostWatch(try PeerTable(slots: slots))
            let first = watch.look(netlink, device: index, at: Clock.milliseconds)
            try shell(script)
            var second: HostWatch.Findings?
            let deadline = Clock.milliseconds + 5_000
            while second == nil, Clock.milliseconds < deadline {
                var interests = [watch.interest]
                let timeout = watch.timeoutMilliseconds(at: Clock.milliseconds)
                try Poll.wait(for: &interests, timeoutMilliseconds: timeout < 0 ? 5_000 : timeout)
                watch.listen(at: Clock.milliseconds)
                second = watch.look(netlink, device: index, at: Clock.milliseconds)
            }
            _ = (device.name, tunnel.name)
            return (first, second)
        }
    }

    @Test func `the first look finds our addresses and the MTU of the link to the peer`() throws {
        let (first, _) = try find(after: "ip link set network mtu 1400")
        #expect(first?.rules?.isOurs(Self.here) == true)
        #expect(first?.rules?.isOurs(Self.there) == false)
        #expect(first?.underlayMTU == [1500])
        #expect(first?.newlyInTunnel == [])
    }

    @Test func `a vacant place and a peer without an address have no MTU, and do not move the others`() throws {
        let unresolved = Peer(endpoint: nil, host: "b.example", local: nil, allowed: [])
        let known = Peer(endpoint: Self.there, local: Self.here)
        let (first, second) = try find(after: "ip link set network mtu 1400", slots: [nil, unresolved, known, nil])
        #expect(first?.underlayMTU == [nil, nil, 1500, nil])
        #expect(second?.underlayMTU == [nil, nil, 1400, nil])
        #expect(first?.missingEnds == [])
    }

    @Test func `a link that takes less is noticed, and our addresses stay as they are`() throws {
        let (_, second) = try find(after: "ip link set network mtu 1400")
        #expect(second?.underlayMTU == [1400])
        #expect(second?.rules == nil)
    }

    @Test func `an address that comes is ours, and one that goes is not`() throws {
        let script = "ip address add 10.7.0.1/32 dev tunnel; ip address add 10.0.0.9/24 dev network"
        let (_, second) = try find(after: "\(script); ip address delete 10.0.0.9/24 dev network")
        #expect(second?.rules?.isOurs(IPv4Address(10, 7, 0, 1)) == true)
        #expect(second?.rules?.isOurs(IPv4Address(10, 0, 0, 9)) == false)
    }

    @Test func `an MTU given to the route counts, unless the link takes even less`() throws {
        let route = "ip route add \(Self.there) dev network mtu"
        #expect(try find(after: "\(route) 1300").second?.underlayMTU == [1300])
        #expect(try find(after: "\(route) 9000").second?.underlayMTU == [1500])
    }

    @Test func `a peer that is routed into the tunnel is named, and its MTU left as it was`() throws {
        let (_, second) = try find(after: "ip route add \(Self.there) dev tunnel")
        #expect(second?.newlyInTunnel == [Self.there])
        #expect(second?.underlayMTU == [nil])
    }

    @Test func `marked packets that avoid the tunnel are none that loop`() throws {
        let route = "ip route add \(Self.there) dev tunnel table 9"
        let rules = "ip rule add priority 1 fwmark \(RawSender.mark) lookup main; ip rule add priority 2 lookup 9"
        let (_, second) = try find(after: "\(rules); \(route)")
        #expect(second?.newlyInTunnel == [])
        #expect(second?.underlayMTU == [1500])
    }

    @Test func `an end of ours that goes is missed, and comes back`() throws {
        let (first, second) = try find(after: "ip address delete \(Self.here)/24 dev network")
        #expect(first?.missingEnds == [])
        #expect(second?.missingEnds == [Self.here])
        let script = "ip address delete \(Self.here)/24 dev network; ip address add \(Self.here)/24 dev network"
        #expect(try find(after: script).second?.missingEnds == [])
    }

    @Test func `another way to a peer is named`() throws {
        let (first, second) = try find(after: "ip route add \(Self.there) via 10.0.0.3 dev network")
        #expect(first?.newWays == [])
        #expect(second?.newWays == ["\(Self.there) via 10.0.0.3 dev network"])
    }

    @Test func `a peer without a route leaves its MTU as it was`() throws {
        let (_, second) = try find(after: "ip address flush dev network")
        #expect(second?.underlayMTU == [nil])
    }
}
