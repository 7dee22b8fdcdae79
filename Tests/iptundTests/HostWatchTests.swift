// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

@Suite(.needsRoot) struct HostWatchTests {
    static let here = IPv4Address(10, 0, 0, 1)
    static let there = IPv4Address(10, 0, 0, 2)

    /// Looks once at the start and once after `script` has changed something: what was found then.
    private func find(
        after script: String, endpoints: [IPv4Address?] = [Self.there], local: IPv4Address? = nil
    ) throws -> (first: HostWatch.Findings?, second: HostWatch.Findings?) {
        try inFreshNetwork {
            let device = try TUNDevice(name: "network")
            try shell("ip link set network addrgenmode none up; ip address add \(Self.here)/24 dev network")
            let tunnel = try TUNDevice(name: "tunnel")
            try shell("ip link set tunnel addrgenmode none up")
            let netlink = try Netlink()
            let place = try DevicePlace.find(nil)
            let question = HostWatch.Question(
                endpoints: endpoints, local: local, device: try netlink.link(named: "tunnel")?.index ?? 0)
            var watch = try HostWatch.start(place)
            let first = watch.look(question, netlink, atDevice: place.netlink, at: Clock.milliseconds)
            try shell(script)
            var second: HostWatch.Findings?
            let deadline = Clock.milliseconds + 5_000
            while second == nil, Clock.milliseconds < deadline {
                var interests = watch.interests
                let timeout = watch.timeoutMilliseconds(at: Clock.milliseconds)
                try Poll.wait(for: &interests, timeoutMilliseconds: timeout < 0 ? 5_000 : timeout)
                watch.listen(at: Clock.milliseconds)
                second = watch.look(question, netlink, atDevice: place.netlink, at: Clock.milliseconds)
            }
            _ = (device.name, tunnel.name)
            return (first, second)
        }
    }

    @Test func `the first look finds our addresses and the way to the peer`() throws {
        let (first, _) = try find(after: "ip link set network mtu 1400")
        #expect(first?.addresses == [Self.here, IPv4Address(127, 0, 0, 1)])
        #expect(first?.addressesAtDevice == first?.addresses)
        #expect(first?.mtus == [0: 1500])
        #expect(first?.newlyInTunnel == [])
        #expect(first?.newWays == [])
    }

    @Test func `a vacant place and a peer without an address have no way, and do not move the others`() throws {
        let (first, second) = try find(after: "ip link set network mtu 1400", endpoints: [nil, nil, Self.there, nil])
        #expect(first?.mtus == [2: 1500])
        #expect(second?.mtus == [2: 1400])
        #expect(second?.ways.count == 1)
    }

    @Test func `a link that takes less is noticed, and our addresses stay as they are`() throws {
        let (first, second) = try find(after: "ip link set network mtu 1400")
        #expect(second?.mtus == [0: 1400])
        #expect(second?.addresses == first?.addresses)
    }

    @Test func `an address that comes is ours, and one that goes is not`() throws {
        let script = "ip address add 10.7.0.1/32 dev tunnel; ip address add 10.0.0.9/24 dev network"
        let (_, second) = try find(after: "\(script); ip address delete 10.0.0.9/24 dev network")
        #expect(second?.addresses.contains(IPv4Address(10, 7, 0, 1)) == true)
        #expect(second?.addresses.contains(IPv4Address(10, 0, 0, 9)) == false)
    }

    @Test func `an MTU given to the route counts, unless the link takes even less`() throws {
        let route = "ip route add \(Self.there) dev network mtu"
        #expect(try find(after: "\(route) 1300").second?.mtus == [0: 1300])
        #expect(try find(after: "\(route) 9000").second?.mtus == [0: 1500])
    }

    @Test func `a peer that is routed into the tunnel is named`() throws {
        let (first, second) = try find(after: "ip route add \(Self.there) dev tunnel")
        #expect(first?.inTunnel == [])
        #expect(second?.inTunnel == [0])
        #expect(second?.newlyInTunnel == [Self.there])
    }

    @Test func `marked packets that avoid the tunnel are none that loop`() throws {
        let route = "ip route add \(Self.there) dev tunnel table 9"
        let rules =
            "ip rule add priority 1 fwmark \(PacketMark.standard.value) lookup main; ip rule add priority 2 lookup 9"
        let (_, second) = try find(after: "\(rules); \(route)")
        #expect(second?.inTunnel == [])
        #expect(second?.newlyInTunnel == [])
        #expect(second?.mtus == [0: 1500])
    }

    @Test func `our address towards the peer is the one that was named, or what the route says`() throws {
        let script = "ip address add 10.0.0.9/24 dev network; ip route add \(Self.there) dev network src 10.0.0.9"
        #expect(try find(after: script).second?.locals == [0: IPv4Address(10, 0, 0, 9)])
        #expect(try find(after: script, local: Self.here).second?.locals == [0: Self.here])
    }

    @Test func `another way to a peer is named`() throws {
        let (first, second) = try find(after: "ip route add \(Self.there) via 10.0.0.3 dev network")
        #expect(first?.newWays == [])
        #expect(
            second?.newWays == [
                HostWatch.NewWay(peer: Self.there, gateway: IPv4Address(10, 0, 0, 3), device: "network")
            ])
    }

    @Test func `a peer without a route has an obstacle`() throws {
        let (_, second) = try find(after: "ip address flush dev network")
        #expect(second?.ways[0] == .failure(.noRoute(.networkUnreachable)))
        #expect(second?.newWays == [])
    }

    @Test func `it is due at once, then when something changes, and never while it rests`() throws {
        let (times, isLooked) = try inFreshNetwork {
            let netlink = try Netlink()
            let place = try DevicePlace.find(nil)
            let question = HostWatch.Question(endpoints: [], local: nil, device: 0)
            var watch = try HostWatch.start(place)
            var times = [watch.timeoutMilliseconds(at: 1_000)]
            let isLooked = watch.look(question, netlink, atDevice: place.netlink, at: 1_000) != nil
            times.append(watch.timeoutMilliseconds(at: 1_000))
            watch.listen(at: 1_000)
            times.append(watch.timeoutMilliseconds(at: 1_000))
            try shell("ip address add 10.0.0.1 dev lo")
            watch.listen(at: 1_000)
            times.append(watch.timeoutMilliseconds(at: 1_000))
            // What follows may not put it off.
            try shell("ip address add 10.0.0.2 dev lo")
            watch.listen(at: 1_060)
            times.append(watch.timeoutMilliseconds(at: 1_060))
            let isEarly = watch.look(question, netlink, atDevice: place.netlink, at: 1_099) != nil
            return (times, isLooked && !isEarly)
        }
        #expect(times == [0, -1, -1, 100, 40])
        #expect(isLooked)
    }

    @Test func `after a look that took long it rests for ten times as long`() throws {
        let (rest, start, end) = try inFreshNetwork {
            var watch = try HostWatch.start(try DevicePlace.find(nil))
            let netlink = try Netlink()
            let question = HostWatch.Question(endpoints: [], local: nil, device: 0)
            _ = watch.look(question, netlink, atDevice: netlink, at: Clock.milliseconds)
            let start = Clock.milliseconds
            watch.rest(since: start - 50)
            let end = Clock.milliseconds
            watch.lookAgain(at: end)
            return (UInt64(watch.timeoutMilliseconds(at: end)), start, end)
        }
        #expect((450...450 + (end - start) * 10).contains(rest))
    }
}

extension HostWatch.Findings {
    /// What is known of each way, by place.
    fileprivate var mtus: [Int: Int] { ways.compactMapValues { try? $0.get().mtu } }
    fileprivate var locals: [Int: IPv4Address] { ways.compactMapValues { try? $0.get().local } }
}
