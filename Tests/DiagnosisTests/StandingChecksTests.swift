// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing

/// Whether there is a tunnel, and whether there could be one.
struct StandingChecksTests {
    @Test(arguments: [
        (TunnelSnapshot.Standing.running(problem: nil), Verdict.ok), (.running(problem: "the device is gone"), .broken),
        (.hidden("Permission denied"), .unknown), (.silent("Connection timed out"), .broken),
        (.failed("its daemon is gone"), .broken), (.down, .info),
    ])
    func `a tunnel is up, degraded, silent, failed, or not there`(standing: TunnelSnapshot.Standing, verdict: Verdict) {
        #expect(TunnelUp.verdicts(.tunnel { $0.standing = standing }) == [verdict])
    }

    @Test func `a device that is down is another check's, which has the command`() {
        let host = HostSnapshot.tunnel { $0.standing = .running(problem: "the device is down: ip link set dev b up") }
        #expect(TunnelUp.judge(host)[0].fix == nil)
        #expect(TunnelUp.causes.contains(DeviceDown.id))
    }

    @Test func `what only the tunnel knows is unknown while it does not talk to us`() {
        let host = HostSnapshot.tunnel { $0.standing = .hidden("Permission denied") }
        #expect(InnerChecksum.verdicts(host) == [.unknown])
        #expect(Doctor.examine(host).hasOnly { [.ok, .unknown].contains($0.verdict) })
    }

    @Test func `without any tunnel nothing but the host is judged`() {
        var host = HostSnapshot.healthy
        host.tunnels = []
        #expect(Doctor.examine(host).hasOnly { [.ok, .info].contains($0.verdict) })
    }

    @Test func `root without a capability cannot start a tunnel, somebody else is not expected to`() {
        var host = HostSnapshot.tunnel { $0.standing = .down }
        host.caller.missingCapabilities = ["CAP_NET_ADMIN"]
        #expect(CapabilityMissing.verdicts(host) == [.broken])
        host.caller.uid = 1_000
        #expect(CapabilityMissing.verdicts(host) == [.warning])
        host.tunnels[0].standing = .running(problem: nil)
        #expect(CapabilityMissing.verdicts(host) == [.ok])
        host.tunnels[0].shortfalls = ["bounding set not emptied: CAP_SETPCAP missing"]
        #expect(CapabilityMissing.verdicts(host) == [.info])
    }

    @Test func `without a driver there is no device, unless there is one already`() {
        var host = HostSnapshot.tunnel { $0.standing = .down }
        host.caller.driverProblem = .missing("/dev/net/tun: No such file or directory")
        #expect(TUNMissing.verdicts(host) == [.broken])
        host.caller.driverProblem = .forbidden("/dev/net/tun: uid 1000 may not")
        #expect(TUNMissing.verdicts(host) == [.warning])
        host.tunnels[0].standing = .running(problem: nil)
        #expect(TUNMissing.verdicts(host) == [.info])
    }

    @Test func `what a dead tunnel left is listed, five lines of it`() {
        let host = HostSnapshot.tunnel { tunnel in
            tunnel.standing = .failed("its daemon is gone")
            tunnel.leftOvers = (0..<8).map { "ip route add 10.0.\($0).0/24 dev b" }
        }
        let finding = LeftOversStale.judge(host)[0]
        #expect(finding.verdict == .warning)
        #expect(finding.evidence.count == 6)
        #expect(finding.evidence.last == "and 3 more")
        #expect(finding.fix == "iptund down b")
    }

    @Test func `of ten thousand peers that cannot be reached twenty are named, and the rest is counted`() {
        let host = HostSnapshot.tunnel { tunnel in
            var lost = PeerSnapshot.healthy
            lost.way = RouteAnswer("ip route get 192.0.2.2", .nowhere("Network is unreachable"))
            tunnel.peers = Array(repeating: lost, count: 10_000)
        }
        let findings = RouteUnderlay.judge(host)
        #expect(findings.count == 20)
        #expect(findings.last?.evidence.last == "and 9980 more")
    }
}
