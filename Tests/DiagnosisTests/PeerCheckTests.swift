// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

@Suite struct PeerCheckTests {
    private static let checks: [any PeerCheck.Type] = [
        PeerUnreachable.self, PeerFiltered.self, PeerAbsent.self, PeerKernel.self, PeerOtherAddress.self,
        PeerSilent.self,
        PeerInner.self,
    ]

    private static func judge(_ probe: PeerProbe) -> [Finding] {
        var host = HostSnapshot()
        host.probes = [probe]
        return checks.flatMap { $0.judge(host) }.filter { $0.verdict != .ok }
    }

    @Test func `each leg that fails has one check, and a check with each leg`() {
        let legs = Self.checks.flatMap { $0.legs }
        #expect(Set(legs).union([.none]) == Set(PeerProbe.Leg.allCases))
        #expect(Set(legs).count == legs.count)
    }

    @Test func `without a probe nothing bad is said, and neither of a peer that answers`() {
        #expect(Self.checks.flatMap { $0.judge(HostSnapshot()) }.hasOnly { $0.verdict == .ok })
        #expect(Self.judge(.unanswered { $0.inner.answered = 3 }) == [])
    }

    @Test(
        arguments: [
            (3, 2, "peer.absent"), (3, 3, "peer.kernel"), (3, 13, "peer.filtered"), (11, 0, "peer.unreachable"),
        ]
            as [(UInt8, UInt8, String)])
    func `what ICMP says is broken, with who said it`(type: UInt8, code: UInt8, id: String) {
        let findings = Self.judge(.told(type, code))
        #expect(findings.map(\.id) == [id])
        #expect(findings.first?.verdict == .broken)
        #expect(findings.first?.evidence.contains("about protocol 4: ICMP \(type)/\(code) from 192.0.2.2") == true)
        #expect(findings.first?.fix != nil || findings.first?.next != nil)
    }

    @Test func `before there is a tunnel, the peer's may be the next`() {
        for (code, verdict) in [(2, .info), (3, .info), (13, .broken)] as [(UInt8, Verdict)] {
            var probe = PeerProbe.told(3, code)
            probe.tunnel = nil
            #expect(Self.judge(probe).map(\.verdict) == [verdict])
        }
        #expect(Self.judge(.unanswered { $0.tunnel = nil }) == [])
    }

    @Test func `silence is broken where somebody has to answer, and a warning where nobody may be there`() {
        #expect(Self.judge(.unanswered).map(\.verdict) == [.broken])
        let guessed = PeerProbe.unanswered { $0.target = .init(IPv4Address(10, 9, 0, 1), .guessed) }
        #expect(Self.judge(guessed).map(\.verdict) == [.warning])
        #expect(Self.judge(.unanswered { $0.target = nil }).map(\.verdict) == [.unknown])
    }

    @Test func `a source that the peer does not take is named`() {
        let other = PeerProbe.SourceAttempt(IPv4Address(10, 9, 0, 77), .init(sent: 1, answered: 1))
        let findings = Self.judge(.unanswered { $0.otherSources = [other] })
        #expect(findings.map(\.id) == ["peer.inner"])
        #expect(findings.first?.next?.contains("10.9.0.1") == true)
    }

    @Test func `a long packet that vanishes is broken, one that is spoken of is not`() {
        for (told, verdict) in [(nil, .broken), (1380, .info)] as [(Int?, Verdict)] {
            var host = HostSnapshot()
            host.probes = [.unanswered { $0.size = .init(limit: 1480, largest: 1380, told: told) }]
            let findings = MTUPath.judge(host)
            #expect(findings.map(\.verdict) == [verdict])
            #expect(findings.first?.evidence.contains("longest inner packet that is answered = 1380") == true)
        }
    }

    @Test func `of a peer that does not answer no other check says that all is well`() {
        for probe in [PeerProbe.unanswered, .told(3, 2), .unanswered { $0.lostHere = 1 }] {
            var host = HostSnapshot()
            host.probes = [probe]
            #expect(Self.checks.flatMap { $0.judge(host) }.count == 1)
        }
    }

    @Test func `peers that could not be tried are unknown, and those that cannot be are not mentioned`() {
        var host = HostSnapshot()
        host.tunnels = [TunnelSnapshot("b")]
        host.untried = ["b": .unable("needs root")]
        #expect(Self.checks.flatMap { $0.judge(host) }.hasOnly { $0.verdict == .unknown })
        host.untried = ["b": .byDesign("it carries one direction")]
        #expect(Self.checks.flatMap { $0.judge(host) } == [])
    }

    @Test func `what is wrong on this host makes the peer's silence a consequence`() {
        for check in Self.checks { #expect(check.causes.contains("route.loop")) }
    }

    @Test func `a peer that sends to another address of ours is named with it, and the route that uses that address`() {
        let probe = PeerProbe.unanswered { probe in
            (probe.otherLocals, probe.route) = ([IPv4Address(192, 0, 2, 77)], "dev eth0")
        }
        let findings = Self.judge(probe)
        #expect(findings.map(\.id) == ["peer.address"])
        #expect(findings.first?.fix == "ip route replace 192.0.2.2/32 dev eth0 src 192.0.2.77")
    }

    /// Seen with a link of kind ipip between the same addresses, on Linux 6.1: replies come out of that one.
    @Test func `replies that the kernel's own tunnel unwraps say nothing of the peer`() throws {
        var host = HostSnapshot.healthy
        host.probes = [.unanswered { ($0.inner.answered, $0.unwrapped) = (3, 3) }]
        #expect(PeerBeside.judge(host)[0].next != nil)
        host.surroundings.kernelTunnels = .known([
            .init("ipip9", kind: "ipip", isUp: true, local: .unspecified, remote: .unspecified)
        ])
        let finding = try #require(Doctor.examine(host).first { $0.id == PeerBeside.id })
        #expect(finding.next == nil)
        #expect(finding.evidence.last == "a consequence of owner.kernel")
    }

    @Test func `replies beside the tunnel are a warning when they were for an inner address`() {
        var host = HostSnapshot()
        host.probes = [.unanswered { ($0.inner.answered, $0.unwrapped) = (3, 3) }]
        #expect(PeerBeside.judge(host).map(\.verdict) == [.warning])
        host.probes[0].source = host.probes[0].local
        #expect(PeerBeside.judge(host).map(\.verdict) == [.info])
        host.probes[0].unwrapped = 0
        #expect(PeerBeside.judge(host).map(\.verdict) == [.ok])
    }

    @Test func `a peer that was heard a moment ago, and to which nothing was sent since, is not called silent`() {
        let heard = PeerProbe.unanswered { $0.lastReceivedSecondsAgo = 3 }
        #expect(Self.judge(heard).map(\.verdict) == [.warning])
        #expect(
            Self.judge(.unanswered { ($0.lastReceivedSecondsAgo, $0.sentBefore) = (3, 5) }).map(\.verdict) == [.broken])
    }

    @Test func `through a device without an address an answer to any address of this host is one`() {
        let other = PeerProbe.SourceAttempt(IPv4Address(10, 20, 0, 1), .init(sent: 1, answered: 1))
        #expect(Self.judge(.unanswered { ($0.otherSources, $0.isUnnumbered) = ([other], true) }) == [])
        #expect(Self.judge(.unanswered { $0.isUnnumbered = true }).map(\.verdict) == [.warning])
    }

    @Test func `an ICMP error that comes through the tunnel proves it, and names what is behind`() {
        let report = ICMPReport(type: 3, code: 13, offender: IPv4Address(10, 9, 0, 2))
        let findings = Self.judge(.unanswered { $0.innerReports = [report] })
        #expect(findings.map(\.id) == ["peer.inner"])
        #expect(findings.first?.evidence.contains("through the tunnel: ICMP 3/13 from 10.9.0.2") == true)
    }

    @Test func `the command for an absent peer is the mirror image of this end`() {
        #expect(
            Self.judge(.told(3, 2)).first?.fix
                == "on 192.0.2.2: iptund up --peer 192.0.2.1 --address 10.9.0.2/32 --allowed-ips 10.9.0.1/32")
    }
}
