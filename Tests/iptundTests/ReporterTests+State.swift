// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

/// Whether packets can pass, and what a tunnel says of its ends.
extension ReporterTests {
    /// A quiet tunnel of these peers.
    private func report(_ roster: Roster, link: Link? = ReporterTests.link, problem: String? = nil) -> TunnelReport {
        let zero = Counters(peerCount: 4).snapshot()
        return Self.reporter.report(
            Reporter.Moment(
                roster: roster, policy: TunnelPolicy(), counted: (zero, zero), predecessors: Predecessors(),
                pathMTU: [1500, 1500, 1500, 1500], underlayMTU: 0, link: link, problem: problem, socketOverflows: 0,
                liveness: LivenessBook(nil), now: 10_000))
    }

    @Test(arguments: [true, false, nil]) func `only a device that is switched on is up`(isUp: Bool?) {
        let link = isUp.map { Link(index: 7, name: "iptun0", mtu: 1480, isUp: $0, isRunning: $0) }
        let report = report(Self.roster, link: link)
        #expect(report.state == (isUp == true ? .up : .degraded))
        #expect(report.mtu == (isUp == nil ? 0 : 1480))
        let expected = isUp == nil ? "the device is gone" : "the device is down: ip link set dev iptun0 up"
        #expect(report.problem == (isUp == true ? nil : expected))
    }

    @Test func `a tunnel whose end is gone is degraded, and says so`() {
        let report = report(Self.roster, problem: Reporter.missing(IPv4Address(198, 51, 100, 7)))
        #expect(report.state == .degraded)
        #expect(report.problem == "198.51.100.7 is no address of this host any more")
    }

    @Test func `a peer that cannot be reached degrades the tunnel only if there is no other`() {
        var roster = Self.roster
        roster.settle(1, because: "nobody knows it")
        let one = report(roster)
        #expect(one.state == .up)
        #expect(one.peers.map(\.problem) == [nil, "nobody knows it"])
        roster.settle(0, because: "there is no way to it")
        let all = report(roster)
        #expect(all.state == .degraded)
        #expect(all.problem == "peer b: there is no way to it; and no other peer can be reached")
        var single = Roster([.sample("192.0.2.1")], local: nil)
        single.settle(0, because: "there is no way to it")
        #expect(report(single).problem == "peer 192.0.2.1: there is no way to it")
    }

    @Test func `a tunnel without peers is up: it takes from others`() {
        let report = report(Roster([], local: nil))
        #expect(report.state == .up)
        #expect(report.local == "any")
    }

    @Test func `the ends are said in one line`() {
        #expect(Reporter.ends(Self.roster) == "198.51.100.7 to 192.0.2.1, 192.0.2.2")
        #expect(Reporter.ends(Roster([], local: nil)) == "from anybody who is accepted")
        #expect(
            Reporter.ends(Roster([.sample("b.example")], local: nil))
                == "to b.example (no address yet)")
        let five = Roster((1...5).map { .sample("192.0.2.\($0)") }, local: Self.local)
        #expect(Reporter.ends(five) == "198.51.100.7 to 192.0.2.1, 192.0.2.2, 192.0.2.3, 2 more")
    }

    @Test func `who is not reached, and what was dropped, follows the ends`() {
        var roster = Roster((1...5).map { .sample("192.0.2.\($0)") }, local: Self.local)
        for place in 0...3 { roster.settle(place, because: "there is no way to it") }
        let drops: [Drop: UInt64] = [.notPeer: 2, .innerSource: 10, .martian: 1, .ttlZero: 1, .truncated: 1]
        let ends = "198.51.100.7 to 192.0.2.1, 192.0.2.2, 192.0.2.3, 2 more"
        #expect(
            Reporter.status(roster, drops)
                == "\(ends); not reached: 192.0.2.1, 192.0.2.2, 192.0.2.3, 1 more; "
                + "15 dropped (inner-source 10, not-peer 2, truncated 1, 2 more)")
        #expect(Reporter.status(roster).hasSuffix("; not reached: 192.0.2.1, 192.0.2.2, 192.0.2.3, 1 more"))
        #expect(Reporter.status(Self.roster, [.notPeer: 2]) == "\(Reporter.ends(Self.roster)); 2 dropped (not-peer 2)")
        #expect(Reporter.status(Self.roster) == Reporter.ends(Self.roster))
    }

    @Test func `several addresses of ours are several`() {
        var roster = Roster(Self.peers, local: nil)
        for place in 0...1 {
            let way = Way(local: IPv4Address(10, 0, 0, UInt8(place)), gateway: nil, link: 2, mtu: 1500)
            _ = roster.settle(place, by: .success(way), own: [])
        }
        #expect(report(roster).local == "several addresses")
        #expect(report(roster).peers.map(\.local) == ["10.0.0.0", "10.0.0.1"])
    }
}
