// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct WantedStateTests {
    static let peer = IPv4Address(192, 0, 2, 1)

    /// The wanted of a tunnel to 192.0.2.1 with these AllowedIPs, after `adjust`.
    private static func wanted(
        _ allowed: [String]? = nil, isNew: Bool = true, known: [PeerAddress: IPv4Address] = [.address(peer): peer],
        _ adjust: (inout TunnelSettings) -> Void = { _ in }
    ) -> WantedState {
        var settings = TunnelSettings(peers: [.sample("192.0.2.1", allowed: allowed)])
        adjust(&settings)
        return WantedState(settings: settings, device: .tunnel, isNew: isNew, mtu: 1480, known: known)
    }

    private static func commands(_ wanted: WantedState) -> [String] { wanted.changes.map(\.command.text) }

    /// What is wanted of our device in any case, last.
    private static let settings = [
        "sysctl -w net.ipv4.conf.iptun0.rp_filter=2", "sysctl -w net.ipv4.conf.iptun0.send_redirects=0",
        "sysctl -w net.ipv4.conf.iptun0.accept_local=0",
    ]

    @Test func `changes come in the order in which each can work`() throws {
        var wanted = Self.wanted(["10.9.1.0/24", "192.0.2.0/24"]) {
            $0.addresses = ["10.9.0.1/32", "10.9.0.2/32"].compactMap { InterfaceAddress($0) }
            $0.proxyARP = DeviceName("lan0").map { ProxyARP(device: $0) }
            $0.forward = .connected
        }
        let pin = Route(to: Prefix(host: Self.peer), gateway: Self.peer, link: 2, protocolNumber: 203)
        wanted.pins = [.route(pin, on: .uplink)]
        wanted.proxyDevice = .lan
        wanted.routing = PolicyRouting(place: 0)
        wanted.filters = [.sample]
        let kinds = wanted.changes.map { change in
            switch change {
            case .route(_, on: .uplink): "pin"
            case .noIPv6: "IPv6"
            case .mtu: "MTU"
            case .address: "address"
            case .up: "up"
            case .route: "route"
            case .rule: "rule"
            case .proxy: "proxy"
            case .setting, .noCommonRedirects: "setting"
            case .filter, .noIPv6Beyond: "filter"
            }
        }
        let distinct = kinds.enumerated().filter { $0 == 0 || kinds[$0 - 1] != $1 }.map(\.element)
        #expect(distinct == ["filter", "pin", "IPv6", "MTU", "address", "up", "route", "rule", "setting"])
        #expect(
            Self.commands(wanted).filter { $0.hasPrefix("ip route add") && $0.contains("iptun0") } == [
                "ip route add 10.9.1.0/24 dev iptun0 proto 203 src 10.9.0.1",
                "ip route add 192.0.2.0/24 dev iptun0 table 1994000 proto 203 src 10.9.0.1",
            ])
        #expect(
            wanted.changes.contains { if case .rule(let rule) = $0 { rule.suppressPrefixLength == 24 } else { false } })
    }

    @Test func `a bare peer needs a device and nothing else`() {
        #expect(
            Self.commands(Self.wanted()) == [
                "ip link set dev iptun0 addrgenmode none", "ip link set dev iptun0 mtu 1480",
                "ip link set dev iptun0 up",
            ] + Self.settings)
    }

    @Test func `a device that somebody else made keeps its IPv6`() {
        #expect(Self.commands(Self.wanted(isNew: false)).first == "ip link set dev iptun0 mtu 1480")
    }

    @Test func `without an address routes name no source`() {
        #expect(Self.commands(Self.wanted(["10.9.1.0/24"])).contains("ip route add 10.9.1.0/24 dev iptun0 proto 203"))
    }

    @Test func `a table that was named takes all routes, and off none`() {
        let named = Self.wanted(["10.9.1.0/24", "192.0.2.0/24"]) { $0.table = .number(99) }
        #expect(named.coveredLengths == [])
        #expect(
            Self.commands(named).filter { $0.hasPrefix("ip route") } == [
                "ip route add 10.9.1.0/24 dev iptun0 table 99 proto 203",
                "ip route add 192.0.2.0/24 dev iptun0 table 99 proto 203",
            ])
        let off = Self.wanted(["10.9.1.0/24", "192.0.2.0/24"]) { $0.table = .off }
        #expect(off.coveredLengths == [])
        #expect(Self.commands(off).hasOnly { !$0.hasPrefix("ip route") && !$0.hasPrefix("ip rule") })
    }

    @Test(arguments: [("10.9.1.1/24", "10.9.1.0/24"), ("10.9.0.1 peer 10.9.0.2/32", "10.9.0.2/32")])
    func `a route that the kernel makes with the address is not made again, and its barrier is`(
        address: String, allowed: String
    ) {
        let routes = { (killSwitch: Bool) in
            let wanted = Self.wanted([allowed, "10.77.0.0/16"]) {
                $0.addresses = [address].compactMap { InterfaceAddress($0) }
                $0.killSwitch = killSwitch ? .on : .off
            }
            return Self.commands(wanted).filter { $0.hasPrefix("ip route add") }.map { $0.split(separator: " ")[3] }
        }
        #expect(routes(false) == ["10.77.0.0/16"])
        #expect(routes(true) == ["unreachable", "unreachable", "10.77.0.0/16"])
    }

    @Test func `in another table the kernel makes none`() {
        let wanted = Self.wanted(["10.9.1.0/24"]) {
            $0.addresses = ["10.9.1.1/24"].compactMap { InterfaceAddress($0) }
            $0.table = .number(77)
        }
        #expect(Self.commands(wanted).contains { $0.hasPrefix("ip route add 10.9.1.0/24 dev iptun0 table 77") })
    }

    @Test func `with a kill switch each route has a barrier behind it, which is there first`() {
        var wanted = Self.wanted(["10.9.1.0/24", "192.0.2.0/24"]) { $0.killSwitch = .on }
        wanted.routing = PolicyRouting(place: 1)
        #expect(
            Self.commands(wanted).filter { $0.hasPrefix("ip route") } == [
                "ip route add unreachable 10.9.1.0/24 proto 203 metric 1",
                "ip route add 10.9.1.0/24 dev iptun0 proto 203",
                "ip route add unreachable 192.0.2.0/24 table 1994001 proto 203 metric 1",
                "ip route add 192.0.2.0/24 dev iptun0 table 1994001 proto 203",
            ])
        let off = Self.wanted(["10.9.1.0/24"]) { ($0.killSwitch, $0.table) = (.on, .off) }
        #expect(off.changes.hasOnly { !$0.isKillSwitch })
    }
}

/// Peers that are known by name.
extension WantedStateTests {
    @Test func `what is behind a name is routed when somebody knows where that is, and barriers do not wait`() {
        func routed(_ known: [PeerAddress: IPv4Address], _ killSwitch: KillSwitch) -> [String] {
            var wanted = Self.wanted(["10.9.1.0/24"], known: known) {
                $0.peers.append(.sample("B.example", allowed: ["0.0.0.0/0"]))
                $0.killSwitch = killSwitch
            }
            wanted.routing = PolicyRouting(place: 0)
            return Self.commands(wanted).filter { $0.hasPrefix("ip route add") || $0.contains("suppress") }
        }
        let peer = [PeerAddress.address(Self.peer): Self.peer]
        let both = peer.merging([.name("b.EXAMPLE"): IPv4Address(192, 0, 2, 2)]) { one, _ in one }
        #expect(
            routed(peer, .off) == [
                "ip route add 10.9.1.0/24 dev iptun0 table 1994000 proto 203",
                "ip rule add priority 30320 lookup main suppress_prefixlength 24 protocol 203",
            ])
        #expect(routed(both, .off).contains("ip route add 0.0.0.0/0 dev iptun0 table 1994000 proto 203"))
        #expect(routed(peer, .on) == routed(both, .on))
        #expect(routed(peer, .on).contains { $0.hasPrefix("ip route add unreachable 0.0.0.0/0") })
    }
}

/// Which prefixes may not stand in `main`.
extension WantedStateTests {
    @Test func `a prefix that a peer lies in is covered`() {
        #expect(Self.wanted(["10.9.1.0/24"]).coveredLengths == [])
        #expect(Self.wanted(["10.9.1.0/24", "192.0.2.0/24", "0.0.0.0/0"]).coveredLengths == [24, 0])
        #expect(Self.wanted(["192.0.2.1/32"]).coveredLengths == [32])
        #expect(Self.wanted(["192.0.2.0/24"]) { $0.namespace = "n" }.coveredLengths == [])
    }

    @Test func `where a peer has a name every prefix may become one that it lies in`() {
        let wanted = Self.wanted(["10.9.1.0/24", "10.8.0.0/16"]) { $0.peers.append(.sample("b.example")) }
        #expect(wanted.coveredLengths == [24, 16])
    }

    @Test func `covered is what a look at each peer and each prefix finds`() {
        var random = SplitMix64()
        for _ in 1...2_000 {
            func address() -> IPv4Address { IPv4Address(rawValue: UInt32.random(in: 0..<64, using: &random) << 26 | 5) }
            let endpoints = (0..<Int.random(in: 0...6, using: &random)).map { _ in address() }
            let allowed = (0..<Int.random(in: 0...6, using: &random)).compactMap { _ in
                Prefix(address(), length: Int.random(in: 0...32, using: &random))
            }
            let known = endpoints.map { (PeerAddress.address($0), $0) }
            let wanted = Self.wanted(known: Dictionary(known, uniquingKeysWith: { one, _ in one })) {
                $0.peers[0].allowed = allowed
            }
            let expected = Set(allowed.filter { prefix in endpoints.contains { prefix.contains($0) } }.map(\.length))
            guard wanted.coveredLengths == expected else {
                Issue.record("\(random.note): \(endpoints) in \(allowed): \(wanted.coveredLengths), not \(expected)")
                return
            }
        }
    }
}

/// Answering for others, and forwarding.
extension WantedStateTests {
    private static func proxying(_ allowed: [String], _ scope: ProxyARP.Scope = .hosts, forward: Bool = false)
        -> WantedState
    {
        var wanted = wanted(allowed) {
            $0.proxyARP = DeviceName("lan0").map { ProxyARP(device: $0, scope: scope) }
            $0.forward = forward ? .connected : .off
        }
        wanted.proxyDevice = .lan
        return wanted
    }

    private static func proxied(_ wanted: WantedState) -> [IPv4Address] {
        wanted.changes.compactMap { if case .proxy(let address, .lan) = $0 { address } else { nil } }
    }

    @Test(arguments: [(32, 1), (31, 2), (30, 4), (26, 64), (25, 128), (24, 0), (0, 0)])
    func `a small block is answered for address by address, a large one not`(length: Int, count: Int) throws {
        let prefix = try #require(Prefix(IPv4Address(10, 9, 255, 255), length: length))
        let addresses = Self.proxied(Self.proxying([prefix.description]))
        #expect(addresses.count == count)
        #expect(Set(addresses).count == count)
        #expect(!addresses.contains { !prefix.contains($0) })
    }

    @Test func `the last block of all has its addresses too`() {
        #expect(Self.proxied(Self.proxying(["255.255.255.254/31"])).map(\.rawValue) == [.max - 1, .max])
    }

    @Test func `large blocks are answered for by the device, if somebody says so`() {
        let setting = HostChange.setting(.proxyARP, 1, on: .lan)
        #expect(Self.proxying(["10.9.0.0/24", "10.8.0.1/32"], .networks).changes.contains(setting))
        #expect(Self.proxied(Self.proxying(["10.9.0.0/24", "10.8.0.1/32"], .networks)).count == 1)
        #expect(!Self.proxying(["10.9.0.0/24"]).changes.contains(setting))
        #expect(!Self.proxying(["10.8.0.1/32"], .networks).changes.contains(setting))
    }

    @Test func `without a device that proxies nobody is answered`() {
        var wanted = Self.proxying(["10.8.0.1/32"])
        wanted.proxyDevice = nil
        #expect(Self.proxied(wanted) == [])
    }

    @Test func `forwarding is switched on where packets pass, and redirects off`() {
        let none = Self.proxying(["10.8.0.1/32"])
        #expect(Array(Self.commands(none).suffix(3)) == Self.settings)
        let both = Self.commands(Self.proxying(["10.8.0.1/32"], forward: true))
        #expect(
            Array(both.suffix(7)) == Self.settings + [
                "sysctl -w net.ipv4.conf.iptun0.forwarding=1", "sysctl -w net.ipv4.conf.lan0.forwarding=1",
                "sysctl -w net.ipv4.conf.lan0.send_redirects=0", "sysctl -w net.ipv4.conf.all.send_redirects=0",
            ])
        let alone = Self.commands(Self.wanted(["10.8.0.1/32"]) { $0.forward = .connected })
        #expect(!alone.contains { $0.contains("lan0") })
        #expect(alone.contains("sysctl -w net.ipv4.conf.iptun0.forwarding=1"))
    }
}
