// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

@Suite struct PeerCheckTests {
    private static let checks: [any PeerCheck.Type] = [
        PeerUnreachable.self, PeerFiltered.self, PeerAbsent.self, PeerKernel.self, PeerSilent.self, PeerInner.self,
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
        arguments: [(3, 2, "peer.absent"), (3, 3, "peer.kernel"), (3, 13, "peer.filtered"), (3, 1, "peer.unreachable")]
            as [(UInt8, UInt8, String)])
    func `what ICMP says is broken, with who said it`(type: UInt8, code: UInt8, id: String) {
        let findings = Self.judge(.told(type, code))
        #expect(findings.map(\.id) == [id])
        #expect(findings.first?.verdict == .broken)
        #expect(findings.first?.evidence.contains("about protocol 4: ICMP \(type)/\(code) from 192.0.2.254") == true)
        #expect(findings.first?.fix != nil)
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
        #expect(findings.first?.fix?.contains("10.9.0.1") == true)
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

    @Test func `what is wrong on this host makes the peer's silence a consequence`() {
        for check in Self.checks { #expect(check.causes.contains("route.loop")) }
    }
}
