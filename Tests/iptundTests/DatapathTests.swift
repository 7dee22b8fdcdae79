// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

/// The tunnel between two devices that play the networks: `inside`, whose packets are routed into it, and `outside`.
@Suite(.needsRoot) struct DatapathTests {
    static let local = IPv4Address(10, 0, 0, 1)
    static let peer = IPv4Address(10, 0, 0, 2)
    static let near = IPv4Address(10, 1, 0, 2)
    static let far = IPv4Address(10, 9, 0, 2)

    /// What was seen of a tunnel that carried packets and was stopped.
    private struct Sight: Sendable {
        var packets: [[UInt8]]
        var encapsulated: Counters.Snapshot
        var decapsulated: Counters.Snapshot
        var failure: Errno?
    }

    /// Runs `body` with `inside` and `outside` while a tunnel for 10.9.0.0/24 is at work.
    private func run(
        _ body: @escaping @Sendable (inout TUNDevice, inout TUNDevice, borrowing Datapath) throws -> [[UInt8]]
    ) throws -> Sight {
        try inFreshNetwork {
            let device = try TUNDevice(name: "tunnel")
            var inside = try TUNDevice(name: "inside")
            var outside = try TUNDevice(name: "outside")
            try shell(
                "for name in tunnel inside outside; do ip link set $name addrgenmode none; ip link set $name up; done")
            try shell("ip address add \(Self.local)/24 dev outside; ip address add 10.1.0.1/24 dev inside")
            try shell("ip route add 10.9.0.0/24 dev tunnel; echo 1 > /proc/sys/net/ipv4/ip_forward")
            let allowed = try #require(Prefix("10.9.0.0/24"))
            let table = try PeerTable([Peer(endpoint: Self.peer, local: Self.local, allowed: [allowed])])
            let ports = Worker.Ports(
                device: device, receiver: try RawReceiver(capacity: Datapath.batchCapacity),
                sender: try RawSender(capacity: Datapath.batchCapacity, local: Self.local),
                reports: try ReportSocket(capacity: Datapath.batchCapacity))
            let path = try Datapath(with: [ports], capacity: 4)
            path.setUnderlayMTU(1500, at: 0)
            try path.start(by: Self.orders(RuleSet(table: table)), nil)
            let packets = Result { try body(&inside, &outside, path) }
            // What has come out may not be counted yet.
            let deadline = Clock.milliseconds + 5_000
            while Clock.milliseconds < deadline, !Self.isSettled(path) { sched_yield() }
            let (encapsulated, decapsulated) = path.snapshots(slots: 1)
            var failure: Errno?
            do throws(Errno) { try path.finish() } catch { failure = error }
            return Sight(
                packets: try packets.get(), encapsulated: encapsulated, decapsulated: decapsulated, failure: failure)
        }
    }

    private static func orders(
        _ rules: RuleSet, _ policy: TunnelPolicy = TunnelPolicy(), mtu: Int = 1480
    ) -> Datapath.Orders {
        Datapath.Orders(rules: rules, policy: policy, mtu: mtu)
    }

    private static func isSettled(_ path: borrowing Datapath) -> Bool {
        let (encapsulated, decapsulated) = path.snapshots(slots: 1)
        return [encapsulated, decapsulated].allSatisfy { $0.received == $0.delivered + $0.dropped }
    }

    @Test func `a packet that is routed into the device goes to the peer`() throws {
        let sight = try run { inside, outside, _ in
            _ = try inside.send([packet(.udp, from: Self.near, to: Self.far, payload: [1, 2, 3])])
            return try outside.receive(1)
        }
        let inner = packet(.udp, from: Self.near, to: Self.far, ttl: 63, payload: [1, 2, 3])
        #expect(sight.packets == [packet(.ipip, from: Self.local, to: Self.peer, payload: inner)])
        #expect(sight.failure == nil)
        #expect(sight.encapsulated.peers.map(\.delivered) == [1])
        #expect(sight.encapsulated.peers.map(\.deliveredOctets) == [23])
        #expect(sight.encapsulated.dropped == 0)
    }

    @Test func `a packet from the peer goes where the host routes it`() throws {
        let inner = packet(.udp, from: Self.far, to: Self.near, ttl: 9, payload: [1, 2, 3])
        let sight = try run { inside, outside, _ in
            _ = try outside.send([packet(.ipip, from: Self.peer, to: Self.local, payload: inner)])
            return try inside.receive(1)
        }
        #expect(sight.packets == [packet(.udp, from: Self.far, to: Self.near, ttl: 8, payload: [1, 2, 3])])
        #expect(sight.decapsulated.peers.map(\.delivered) == [1])
        #expect(sight.decapsulated.dropped == 0)
    }

    @Test func `what is dropped is counted by its reason, and the next packet passes`() throws {
        let good = packet(.udp, from: Self.far, to: Self.near)
        let sight = try run { inside, outside, _ in
            _ = try outside.send([
                packet(.ipip, from: IPv4Address(10, 0, 0, 3), to: Self.local, payload: good),
                packet(.ipip, from: Self.peer, to: Self.local, payload: packet(.udp, from: Self.near, to: Self.near)),
                packet(.ipip, from: Self.peer, to: Self.local, payload: good),
            ])
            return try inside.receive(1)
        }
        #expect(sight.packets.count == 1)
        #expect(sight.decapsulated.received == 3)
        #expect(sight.decapsulated.interface.drops == [.notPeer: 1])
        #expect(sight.decapsulated.peers.map(\.drops) == [[.innerSource: 1]])
        #expect(sight.decapsulated.delivered == 1)
    }

    /// Longer than the tunnel takes, and not to be cut.
    private static func long(payload: Int) -> [UInt8] {
        packet(.udp, from: near, to: far, payload: .init(repeating: 7, count: payload))
    }

    @Test func `who sends what does not fit is told how long a packet may be`() throws {
        let sight = try run { inside, outside, path in
            path.setUnderlayMTU(1400, at: 0)
            _ = try inside.send([Self.long(payload: 1361)])
            let answers = try inside.receive(1)
            _ = try inside.send([Self.long(payload: 1360)])
            return answers + (try outside.receive(1))
        }
        let answer = try #require(sight.packets.first)
        #expect(answer[12..<20] == [10, 1, 0, 1, 10, 1, 0, 2])  // from an address of this host, to the packet's sender
        #expect(answer[20..<22] == [3, 4])
        #expect(answer[26..<28] == [0x05, 0x64])  // 1380
        #expect(sight.packets.last?.count == 1400)
        #expect(sight.encapsulated.peers[0].drops == [.fragmentationNeeded: 1])
        #expect(sight.encapsulated[.answers] == 1)
    }

    @Test func `what a router says about an outer packet reaches the sender of the inner one`() throws {
        let sight = try run { inside, outside, _ in
            _ = try inside.send([packet(.udp, from: Self.near, to: Self.far, payload: [1, 2, 3, 4, 5, 6, 7, 8])])
            let outer = try outside.receive(1)
            let error = icmpError(type: 3, code: 1, about: outer.first ?? [])
            _ = try outside.send([packet(.icmp, from: IPv4Address(10, 0, 0, 9), to: Self.local, payload: error)])
            return try inside.receive(1)
        }
        let answer = try #require(sight.packets.first)
        #expect(answer[12..<20] == [10, 1, 0, 1, 10, 1, 0, 2])
        #expect(answer[20..<22] == [3, 1])
        let inner = packet(.udp, from: Self.near, to: Self.far, ttl: 63, payload: [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(Array(answer[28...]) == inner)
        #expect(sight.decapsulated.peers[0].errors == 1)
        #expect(sight.decapsulated[.answers] == 1)
    }

    @Test func `new rules hold from the next packet on`() throws {
        let good = packet(.ipip, from: Self.peer, to: Self.local, payload: packet(.udp, from: Self.far, to: Self.near))
        let sight = try run { inside, outside, path in
            _ = try outside.send([good])
            let before = try inside.receive(1)
            let table = try PeerTable([Peer(endpoint: Self.peer, local: Self.local)])
            path.replace(Self.orders(RuleSet(table: table, ownAddresses: [Self.far])))
            _ = try outside.send([good])
            let deadline = Clock.milliseconds + 5_000
            while Clock.milliseconds < deadline, path.snapshots(slots: 1).decapsulated.received < 2 { sched_yield() }
            return before
        }
        #expect(sight.packets.count == 1)
        #expect(sight.decapsulated.peers.map(\.drops) == [[.ownSource: 1]])
    }

    @Test func `a peer that comes later is sent to, from another address of ours, by another policy`() throws {
        let second = IPv4Address(10, 0, 0, 3)
        let sight = try run { inside, outside, path in
            try shell("ip address add 10.0.0.9/24 dev outside; ip route add 10.8.0.0/24 dev tunnel")
            let allowed = try #require(Prefix("10.8.0.0/24"))
            let first = Peer(endpoint: Self.peer, local: Self.local, allowed: [])
            let other = Peer(endpoint: second, local: IPv4Address(10, 0, 0, 9), allowed: [allowed])
            var policy = TunnelPolicy()
            policy.outer.ttl = .inherit
            path.replace(Self.orders(RuleSet(table: try PeerTable([first, other])), policy))
            path.follow(nil)
            _ = try inside.send([packet(.udp, from: Self.near, to: IPv4Address(10, 8, 0, 1), payload: [1])])
            return try outside.receive(1)
        }
        let inner = packet(.udp, from: Self.near, to: IPv4Address(10, 8, 0, 1), ttl: 63, payload: [1])
        #expect(
            sight.packets == [packet(.ipip, from: IPv4Address(10, 0, 0, 9), to: second, ttl: 63, payload: inner)])
    }

    @Test func `what was learned about the way to a peer is forgotten when it is asked to`() throws {
        let path = try Datapath(with: [], capacity: 3)
        path.setUnderlayMTU(1400, at: 1)
        path.setUnderlayMTU(1300, at: 2)
        let known = path.pathMTU(slots: 2, at: 0)
        path.forgetWay(at: 1)
        let forgotten = path.pathMTU(slots: 9, at: 0)
        #expect(known == [65_535, 1400])
        #expect(forgotten == [65_535, 65_535, 1300])
        try path.finish()
    }

    @Test func `a device that is deleted ends the tunnel, which says why`() throws {
        let sight = try run { _, _, path in
            try shell("ip link delete tunnel")
            var interests = [path.ended]
            try Poll.wait(for: &interests, timeoutMilliseconds: 5_000)
            return interests[0].isReady ? [[1]] : []
        }
        #expect(sight.packets == [[1]])
        #expect(sight.failure == .descriptorState)
    }
}
