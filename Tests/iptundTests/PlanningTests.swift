// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite(.needsRoot) struct PlanningTests {
    static let peer = IPv4Address(192, 0, 2, 1)

    /// What was planned, or why nothing could be.
    private struct Sight: Sendable {
        var commands: [String] = []
        var alreadyThere: [String] = []
        var routing: PolicyRouting?
        var mtu = 0
        var warnings: [String] = []
        var complaint: Complaint?
    }

    /// What `settings` plan where `iptun0` is a device and 192.0.2.1 is behind 10.0.0.9 on `left`, after `script`.
    private func plan(
        _ settings: TunnelSettings, after script: String = ":", own: TunnelState? = nil
    ) throws -> Sight {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left; ip tuntap add iptun0 mode tun; ip link set iptun0 up")
            try shell("ip route add default via 10.0.0.9; \(script)")
            let netlink = try Netlink()
            let device = try HostChange.Device.named("iptun0", netlink)
            let state = DeviceFacts(
                device: device, mtu: 1500, isUp: false, isNew: true,
                addresses: try netlink.addresses(link: device.index))
            var finder = WayFinder(.otherHosts)
            var ways: [IPv4Address: Way] = [:]
            for case .address(let address) in settings.peers.map(\.endpoint) {
                ways[address] = try? finder.find(address, from: settings.local, netlink)
            }
            let planning = Planning(settings: settings, device: state, ways: ways, shared: [], own: own)
            var sight = Sight()
            do throws(Complaint) {
                let outcome = try planning.make(underlay: netlink, netlink)
                sight.commands = try outcome.reconciliation.checked().additions.map(\.step.change.command.text)
                sight.alreadyThere = outcome.reconciliation.alreadyThere.map(\.command.text)
                (sight.routing, sight.mtu, sight.warnings) = (outcome.routing, outcome.mtu, outcome.warnings)
            } catch {
                sight.complaint = error
            }
            return sight
        }
    }

    private func plan(
        _ allowed: [String]?, peer: String = "192.0.2.1", after script: String = ":",
        _ adjust: (inout TunnelSettings) -> Void = { _ in }
    ) throws -> Sight {
        var settings = TunnelSettings(peers: [.sample(peer, allowed: allowed)])
        adjust(&settings)
        return try plan(settings, after: script)
    }

    static let pin = "ip route add 192.0.2.1/32 via 10.0.0.9 dev left proto 203"

    @Test func `a bare peer is pinned before anything else, one with AllowedIPs or a name is not`() throws {
        #expect(try plan(nil).commands.first == Self.pin)
        let others = [
            try plan(["10.9.1.0/24"]), try plan(["0.0.0.0/0"]), try plan(nil, peer: "b.example"),
            try plan(nil) { $0.table = .off }, try plan(nil) { $0.namespace = "n" },
            try plan(nil, after: "ip route delete default"),
        ]
        for other in others {
            #expect(!other.commands.isEmpty)
            #expect(!other.commands.contains { $0.contains("192.0.2.1/32") })
        }
    }

    @Test(arguments: [
        ("ip route add 192.0.2.1/32 via 10.0.0.9 dev left", true),
        ("ip route add 192.0.2.1/32 via 10.0.0.9 dev left metric 7", true),
        ("ip route add 192.0.2.0/24 via 10.0.0.8 dev left", false),
    ])
    func `a pin that is there already is left alone`(script: String, isThere: Bool) throws {
        let plan = try plan(nil, after: script)
        #expect(plan.alreadyThere == (isThere ? [Self.pin] : []))
        #expect(plan.commands.contains { $0.contains("192.0.2.1/32 via 10.0.0.8") } == !isThere)
    }

    /// A pin by 10.0.0.8, which `isThere` or not, and another router by which packets would go now.
    @Test(arguments: [
        (":", "10.0.0.9", 9), ("ip route replace default via 10.0.0.8", "10.0.0.8", 8),
        // No route that can be said leads there, and one into the tunnel is none.
        ("ip route delete default", "10.0.0.8", 8), ("ip route add 192.0.2.0/24 dev iptun0", "10.0.0.9", 9),
        ("ip route add 192.0.2.0/24 via 10.0.0.7", "10.0.0.7", 7),
    ]) func `a pin that the tunnel has made follows the route of all others`(
        script: String, router: String, last: UInt8
    )
        throws
    {
        let (pin, link) = try inFreshNetwork { () -> (Route?, Int32) in
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left; ip tuntap add iptun0 mode tun; ip link set iptun0 up")
            try shell("ip route add default via 10.0.0.9; \(script)")
            let netlink = try Netlink()
            let (left, device) = (
                try HostChange.Device.named("left", netlink), try HostChange.Device.named("iptun0", netlink)
            )
            let made = Route(
                to: Prefix(host: Self.peer), gateway: IPv4Address(10, 0, 0, 8), link: left.index, protocolNumber: 203)
            try netlink.add(made)
            let pins = try Pin.routes(
                to: [Self.peer], made: [made], besides: device.index, local: nil, mark: .standard, user: 0, netlink)
            return (pins.first, left.index)
        }
        #expect(pin?.gateway == IPv4Address(10, 0, 0, last))
        #expect(pin?.link == link)
        #expect(router.hasSuffix("\(last)"))
    }

    @Test func `routes and addresses of the device that are there already are left alone`() throws {
        let script = "ip address add 10.9.0.1/32 dev iptun0; ip route add 10.9.1.0/24 dev iptun0"
        let plan = try plan(["10.9.1.0/24", "10.9.2.0/24"], after: script) {
            $0.addresses = ["10.9.0.1/32", "10.9.0.2/32"].compactMap { InterfaceAddress($0) }
        }
        #expect(
            plan.alreadyThere == [
                "ip address add 10.9.0.1/32 dev iptun0", "ip route add 10.9.1.0/24 dev iptun0 proto 203 src 10.9.0.1",
            ])
        #expect(plan.commands.contains("ip address add 10.9.0.2/32 dev iptun0"))
        #expect(plan.commands.contains("ip route add 10.9.2.0/24 dev iptun0 proto 203 src 10.9.0.1"))
        #expect(plan.commands.hasOnly { !$0.contains("10.9.0.1/32") && !$0.contains("10.9.1.0/24") })
    }

    @Test(
        arguments: [
            (nil, ["192.0.2.1"], 1480), (1400, ["192.0.2.1"], 1400), (nil, ["b.example"], 1480), (nil, [], 1480),
            (nil, ["192.0.2.1", "192.0.2.2"], 1380), (nil, ["192.0.2.2", "b.example"], 1380),
        ] as [(Int?, [String], Int)])
    func `the MTU is what was asked for, or the least that a way leaves`(asked: Int?, peers: [String], mtu: Int) throws
    {
        var settings = TunnelSettings(peers: peers.map { .sample($0, allowed: []) })
        settings.mtu = asked
        #expect(try plan(settings, after: "ip route add 192.0.2.2 via 10.0.0.9 mtu 1400").mtu == mtu)
    }

    @Test func `a name behind long links gets no more than what fits over Ethernet`() throws {
        let script = "ip link set left mtu 9000"
        #expect(try plan(nil, after: script).mtu == 8980)
        let both = TunnelSettings(peers: [.sample("192.0.2.1", allowed: []), .sample("b.example", allowed: [])])
        #expect(try plan(both, after: script).mtu == 1480)
    }
}

/// A table of our own.
extension PlanningTests {
    @Test func `where a peer lies behind our own routes they get a table, and rules lead there`() throws {
        let plan = try plan(["0.0.0.0/0"])
        let routing = PolicyRouting(place: 0)
        #expect(plan.routing == routing)
        #expect(plan.commands.contains("ip route add 0.0.0.0/0 dev iptun0 table \(routing.table) proto 203"))
        let rules = plan.commands.filter { $0.hasPrefix("ip rule add") }
        #expect(rules == routing.rules(PolicyRouting.Order(lengths: [0])).map { HostChange.rule($0).command.text })
    }

    @Test func `without such a peer there is none`() throws {
        let plan = try plan(["10.9.1.0/24"])
        #expect(plan.routing == nil)
        #expect(!plan.commands.contains { $0.hasPrefix("ip rule") })
    }

    @Test(arguments: [
        ("ip rule add priority 29000 lookup 99", 1), ("ip rule add priority 30001 lookup 99", 1),
        ("ip rule add priority 5 lookup 1994000", 1), ("ip route add unreachable 10.7.0.0/16 table 1994000", 1),
        ("ip rule add priority 29050 lookup 1994000", 2),
    ])
    func `a place that somebody uses is passed over`(script: String, place: UInt32) throws {
        #expect(try plan(["0.0.0.0/0"], after: script).routing?.place == place)
    }

    @Test func `when all places are taken nothing is planned`() throws {
        let script = "for place in $(seq 0 19); do ip rule add priority $((29000 + place * 50)) lookup 99; done"
        let complaint = try plan(["0.0.0.0/0"], after: script).complaint
        #expect(complaint?.what == "no routing table")
        #expect(complaint?.why == "20 tunnels of this host have one of their own already")
    }

    @Test func `a tunnel keeps the place that it has`() throws {
        var state = TunnelState.sample()
        state.routing = PolicyRouting(place: 7)
        let settings = TunnelSettings(peers: [.sample("192.0.2.1", allowed: ["0.0.0.0/0"])])
        let script = "ip rule add priority 30700 lookup 1994007 protocol 203"
        #expect(try plan(settings, after: script, own: state).routing?.place == 7)
    }

    @Test(arguments: [
        ("ip route add 10.7.0.0/16 dev left table 99", true),
        ("ip route add 10.7.0.0/16 dev left table 99 proto 203", true),
        ("ip route add 10.7.0.0/16 dev left table 99 proto kernel", true),
        ("ip route add 10.7.0.0/16 dev left table 99 proto bird", false),
        ("ip route add blackhole 10.7.0.0/16 table 99 proto 186", false),
    ])
    func `a table that a program sees to is not ours to write to`(script: String, isFine: Bool) throws {
        let plan = try plan(["10.9.1.0/24"], after: script) { $0.table = .number(99) }
        #expect((plan.complaint == nil) == isFine)
        if !isFine { #expect(plan.complaint?.what == "Table = 99") }
    }

    @Test func `the table main may be named, whoever writes to it`() throws {
        let plan = try plan(["10.9.1.0/24"], after: "ip route add 10.7.0.0/16 dev left proto bird") {
            $0.table = .number(Route.mainTable)
        }
        #expect(plan.complaint == nil)
        #expect(plan.commands.contains("ip route add 10.9.1.0/24 dev iptun0 proto 203"))
    }
}

/// Answering for others.
extension PlanningTests {
    private func proxying(
        _ allowed: [String], on device: String = "left", forward: Bool = false, after script: String = ":"
    ) throws -> Sight {
        try plan(allowed, after: script) {
            $0.proxyARP = DeviceName(device).map { ProxyARP(device: $0) }
            $0.forward = forward ? .connected : .off
        }
    }

    @Test func `the device that proxies must be there, and not be the tunnel's own`() throws {
        #expect(try proxying(["10.9.0.1/32"], on: "lan7").complaint?.why == "there is no such device")
        #expect(try proxying(["10.9.0.1/32"], on: "iptun0").complaint?.why == "is the tunnel's own device")
        #expect(try proxying(["10.9.0.1/32"]).commands.contains("ip neigh add proxy 10.9.0.1 dev left protocol 203"))
    }

    @Test func `that nothing is forwarded is said, unless it is, or will be`() throws {
        let off = "echo 0 | tee /proc/sys/net/ipv4/conf/left/forwarding /proc/sys/net/ipv4/conf/iptun0/forwarding"
        let on = "echo 1 | tee /proc/sys/net/ipv4/conf/left/forwarding /proc/sys/net/ipv4/conf/iptun0/forwarding"
        let half = "\(on); echo 0 > /proc/sys/net/ipv4/conf/iptun0/forwarding"
        #expect(try proxying(["10.9.0.1/32"], after: off).warnings.count == 1)
        #expect(try proxying(["10.9.0.1/32"], after: half).warnings.count == 1)
        #expect(try proxying(["10.9.0.1/32"], after: on).warnings == [])
        #expect(try proxying(["10.9.0.1/32"], forward: true, after: off).warnings == [])
    }

    @Test(arguments: [true, false]) func `a block that is too large to be answered for is named`(forward: Bool) throws {
        let on = "echo 1 | tee /proc/sys/net/ipv4/conf/left/forwarding /proc/sys/net/ipv4/conf/iptun0/forwarding"
        let warnings = try proxying(["10.9.0.0/24", "10.8.0.0/16"], forward: forward, after: on).warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("ProxyARP = left leaves out 10.9.0.0/24 and others: ") == true)
    }
}
