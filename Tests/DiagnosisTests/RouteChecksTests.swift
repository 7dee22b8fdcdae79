// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Tunnel
import Wire

struct RouteChecksTests {
    @Test func `of a healthy host every check says ok`() {
        for finding in Doctor.examine(.healthy) { #expect(finding.verdict == .ok, "\(finding)") }
        #expect(Doctor.examine(.healthy).count == Doctor.checks.count)
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

    @Test(arguments: [(growing, Verdict.broken), (old, .warning), (Growth(), .ok)])
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
        #expect(PeerUnresolved.judge(host)[0].fix == "getent ahostsv4 b.example")
    }
}
