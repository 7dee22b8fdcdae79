// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Tunnel
import Wire

struct RouteChecksTests {
    @Test func `of a healthy host every check says ok`() {
        for finding in Doctor.examine(.healthy) { #expect(finding.verdict == .ok, "\(finding)") }
        // What was not asked for, or cannot be, is not called well.
        let ids = Set(Doctor.examine(.healthy).map(\.id))
        #expect(Set(Doctor.checks.map { $0.id }).subtracting(ids) == ["kernel.drops", "mtu.path"])
    }

    @Test func `no id is used twice, and causes are ids`() {
        let ids = Doctor.checks.map { $0.id }
        #expect(Set(ids).count == ids.count)
        for check in Doctor.checks { #expect(!check.causes.contains(check.id)) }
    }

    @Test func `nothing is its own cause, by whatever detour`() {
        let causes = Dictionary(uniqueKeysWithValues: Doctor.checks.map { ($0.id, $0.causes) })
        for check in Doctor.checks {
            var reached: Set<String> = []
            var open = check.causes
            while let next = open.popLast() {
                if reached.insert(next).inserted { open += causes[next] ?? [] }
            }
            #expect(!reached.contains(check.id), "\(check.id)")
            #expect(!check.causes.contains { causes[$0] == nil }, "\(check.id)")
        }
    }

    @Test func `a peer that is routed into the tunnel loops, and the route that does it is named`() {
        let host = HostSnapshot.peer { peer in
            peer.way = .out("ip route get 192.0.2.2 mark 0x1994", "b")
            peer.way?.route = "0.0.0.0/0 dev b table 100"
        }
        #expect(RouteLoop.verdicts(host) == [.broken])
        #expect(RouteLoop.judge(host)[0].fix == "ip route delete 0.0.0.0/0 dev b table 100")
        #expect(Doctor.examine(host).filter { $0.verdict == .broken }.map(\.id) == ["route.loop"])
    }

    @Test func `a device in another network namespace cannot loop`() {
        var host = HostSnapshot.peer { $0.way = .out("ip route get 192.0.2.2", "b") }
        host.tunnels[0].network = .healthy
        #expect(RouteLoop.verdicts(host) == [.ok])
    }

    @Test func `without a way to the peer the cause is the route, and a degraded tunnel its consequence`() {
        var host = HostSnapshot.peer {
            $0.way = RouteAnswer("ip route get 192.0.2.2", .nowhere("Network is unreachable"))
        }
        host.tunnels[0].standing = .running(problem: "peer 192.0.2.2: there is no way to it")
        let findings = Doctor.examine(host)
        #expect(findings.first?.id == "route.underlay")
        #expect(findings.filter { $0.verdict == .broken }.count == 1)
    }

    @Test func `a peer that is this host is no peer`() {
        let host = HostSnapshot.peer { $0.way = RouteAnswer("ip route get 192.0.2.2", .local) }
        #expect(PeerLocal.verdicts(host) == [.broken])
        #expect(RouteUnderlay.verdicts(host) == [.ok])
    }

    @Test func `an address behind the peer that is this host's own is warned of`() {
        let host = HostSnapshot.peer { peer in
            peer.inner[0].answers = [RouteAnswer("ip route get 10.9.0.2", .local)]
        }
        #expect(PeerLocal.verdicts(host) == [.warning])
        #expect(RouteInner.verdicts(host) == [.ok])
    }

    @Test func `AllowedIPs that are routed elsewhere are broken, unless somebody else sees to routes`() {
        var host = HostSnapshot.peer { $0.inner[1].answers = [.out("ip route get 10.20.0.1", "eth0")] }
        #expect(RouteInner.verdicts(host) == [.broken])
        host.tunnels[0].routing = .byOthers
        #expect(RouteInner.verdicts(host) == [.ok])
    }

    @Test func `one address of a block may be elsewhere`() {
        let host = HostSnapshot.peer { $0.inner[1].answers.append(.out("ip route get 10.20.128.1", "eth0")) }
        #expect(RouteInner.verdicts(host) == [.ok])
    }

    @Test(arguments: [(growing, Verdict.broken), (old, .info), (Growth(), .ok)])
    func `packets for nobody's addresses`(growth: Growth, verdict: Verdict) {
        #expect(RouteInner.verdicts(.tunnel { $0.drops[.noPeer] = growth }) == [verdict])
    }

    @Test func `blocks without any route have no way back`() {
        var host = HostSnapshot.peer {
            $0.inner[1].answers = [RouteAnswer("ip route get 10.20.0.1", .nowhere("Network is unreachable"))]
        }
        host.tunnels[0].routing = .byOthers
        #expect(RouteReturn.verdicts(host) == [.broken])
        host.tunnels[0].only = .decapsulate
        #expect(RouteReturn.verdicts(host) == [.ok])
    }

    @Test func `a bare tunnel has no way back for sources that the kernel finds no route for`() {
        var host = HostSnapshot.network { $0.counters = .known(["IpExt.InNoRoutes": growing]) }
        #expect(RouteReturn.verdicts(host) == [.ok])
        host.tunnels[0].peers[0].allowed = nil
        #expect(RouteReturn.verdicts(host) == [.broken])
    }

    @Test func `Local has to be an address of this host`() {
        #expect(AddressLocal.verdicts(.tunnel { $0.local = address("192.0.2.1") }) == [.ok])
        #expect(AddressLocal.verdicts(.tunnel { $0.local = address("192.0.2.9") }) == [.broken])
        #expect(AddressLocal.verdicts(.network { $0.addresses = .hidden("no netlink") }) == [.unknown])
    }

    @Test func `a name without an address is broken`() {
        let host = HostSnapshot.peer { peer in
            (peer.host, peer.endpoint, peer.problem) = ("b.example", nil, "Name or service not known")
        }
        #expect(PeerUnresolved.verdicts(host) == [.broken])
        #expect(PeerUnresolved.judge(host)[0].next == "getent ahostsv4 b.example")
    }

    @Test func `a loop is mended by a route past the tunnel, and no route that AllowedIPs need is deleted`() {
        var host = HostSnapshot.peer { peer in
            peer.way = .out("ip route get 192.0.2.2 mark 0x1994", "b")
            peer.way?.route = "10.20.0.0/16 dev b"
            peer.bypass = "ip route add 192.0.2.2/32 via 192.0.2.254 dev eth0"
        }
        #expect(RouteLoop.judge(host)[0].fix == "ip route add 192.0.2.2/32 via 192.0.2.254 dev eth0")
        host.tunnels[0].peers[0].bypass = nil
        #expect(RouteLoop.judge(host)[0].fix == nil)
    }

    @Test func `what a tunnel made and something removed is named, and made again`() {
        var host = HostSnapshot.tunnel {
            $0.missing = ["ip route add 10.9.0.2/32 dev b", "ip neigh add proxy 10.1.0.9 dev lan"]
        }
        let found = ChangesMissing.judge(host)
        #expect(found.map(\.verdict) == [.broken])
        // Proxy neighbours are another check's, and made again with the rest.
        #expect(found[0].evidence == ["tunnel b: no longer in force: ip route add 10.9.0.2/32 dev b"])
        #expect(found[0].fix == "ip route add 10.9.0.2/32 dev b && ip neigh add proxy 10.1.0.9 dev lan")
        host.tunnels[0].origin = .file("/etc/iptund/b.conf")
        #expect(ChangesMissing.judge(host)[0].fix == "iptund reload b")
    }

    @Test
    func
        `a missing pin is a warning while nothing needs it, and a route that another one displaced is not forced back`()
    {
        let pin = "ip route add 192.0.2.2/32 via 192.0.2.254 dev eth0"
        #expect(ChangesMissing.verdicts(.tunnel { $0.missingPins = [pin] }) == [.warning])
        let displaced = HostSnapshot.tunnel {
            ($0.missing, $0.isDisplaced) = (["ip route replace 10.9.0.2/32 dev b"], true)
        }
        #expect(ChangesMissing.verdicts(displaced) == [.broken])
        #expect(ChangesMissing.judge(displaced)[0].fix == nil)
        #expect(ChangesMissing.judge(displaced)[0].next?.hasSuffix("ip route replace 10.9.0.2/32 dev b") == true)
    }

    @Test func `a device that is down is the cause of what went with it`() {
        var host = HostSnapshot.tunnel { $0.missing = ["ip route add 10.9.0.2/32 dev b"] }
        host.network.links["b"]?.isUp = false
        let broken = Doctor.examine(host).filter { $0.verdict == .broken }
        #expect(broken.map(\.id) == ["device.down"])
        #expect(broken.first?.fix == "ip link set dev b up && ip route add 10.9.0.2/32 dev b")
    }

    @Test func `commands about a device in another network namespace are for that one`() {
        var host = HostSnapshot.tunnel { tunnel in
            (tunnel.missing, tunnel.namespace) = (["ip route add 10.9.0.2/32 dev b"], "inner")
            tunnel.network = .healthy
            tunnel.network?.links["b"]?.isUp = false
        }
        let first = Doctor.examine(host).first
        #expect(
            first?.fix
                == "ip netns exec inner ip link set dev b up && ip netns exec inner ip route add 10.9.0.2/32 dev b")
        host.tunnels[0].origin = .file("/etc/iptund/b.conf")
        #expect(Doctor.examine(host).first?.fix == "ip netns exec inner ip link set dev b up && iptund reload b")
    }

    @Test func `an underlay in a VRF is named`() {
        var host = HostSnapshot.healthy
        host.network.links["eth0"]?.vrf = "blue"
        #expect(UnderlayVRF.verdicts(host) == [.warning])
        #expect(UnderlayVRF.judge(host)[0].evidence[0].hasSuffix("leave by eth0, which is in VRF blue"))
    }

    /// Without leaked routes, as in the kernel's Documentation/networking/vrf.rst, the main table has no way to the peer at all.
    @Test func `a peer that only a VRF leads to is not missing a route`() {
        var host = HostSnapshot.healthy
        host.tunnels[0].peers[0].way = RouteAnswer("ip route get 192.0.2.2", .nowhere("Network is unreachable"))
        host.tunnels[0].peers[0].vrf = .init(link: "eth0", vrf: "blue")
        let found = Doctor.examine(host)
        #expect(found.first?.id == "underlay.vrf")
        #expect(UnderlayVRF.judge(host)[0].evidence[0].hasSuffix("only VRF blue leads to peer 192.0.2.2, by eth0"))
        #expect(RouteUnderlay.judge(host)[0].next == nil)
    }

    /// Kinds of links as the kernel names them, and whether a peer behind one is behind another tunnel.
    @Test(
        arguments: [("wireguard", .info), ("tun", .info), ("veth", .ok), ("bridge", .ok), (nil, .ok)]
            as [(String?, Verdict)])
    func `a peer behind another tunnel is worth knowing`(kind: String?, verdict: Verdict) {
        var host = HostSnapshot.healthy
        host.network.links["eth0"]?.kind = kind
        #expect(RouteNested.verdicts(host) == [verdict])
    }

    /// 0x1994 is 1 1001 1001 0100.
    @Test(
        arguments: [
            (0x10, 0x10, true), (0x4, 0xff, false), (0x94, 0xff, true), (0x200, 0xf00, false),
            (0x1994, 0xffff_ffff, false),
            (0x1, 0x1, false), (0, 0x1, true), (0, 0, false),
        ] as [(UInt32, UInt32, Bool)])
    func `a rule for some bits of a mark is ours when our mark has them`(value: UInt32, mask: UInt32, isFound: Bool) {
        var rule = RuleSnapshot(priority: 99, table: 77)
        rule.mark = .init(value, mask: mask)
        var host = HostSnapshot.network { $0.rules = .known([rule]) }
        #expect(MarkForeign.verdicts(host) == [isFound ? .info : .ok])
        guard isFound else { return }
        host.tunnels[0].peers[0].way = .out("ip route get 192.0.2.2 mark 0x1994", "lan")
        #expect(MarkForeign.verdicts(host) == [.warning])
        host.probes = [.unanswered]
        #expect(MarkForeign.verdicts(host) == [.broken])
        rule.isOurs = true
        host.network.rules = .known([rule])
        #expect(MarkForeign.verdicts(host) == [.ok])
    }

    @Test func `a block is missed only by a route that is no more specific`() {
        var answer = RouteAnswer.out("ip route get 10.20.0.1", "eth0")
        let own = RouteAnswer("ip route get 10.20.0.1", .local)
        answer.matched = prefix("10.20.0.0/17")
        #expect(RouteInner.verdicts(.peer { $0.inner[1].answers = [answer] }) == [.ok])
        answer.matched = prefix("10.20.0.0/16")
        #expect(RouteInner.verdicts(.peer { $0.inner[1].answers = [answer] }) == [.broken])
        var local = own
        local.matched = prefix("10.20.0.1/32")
        #expect(RouteInner.verdicts(.peer { $0.inner[1].answers = [local] }) == [.ok])
    }
}
