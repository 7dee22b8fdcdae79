// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

extension PeerProbe {
    static let peer = IPv4Address(192, 0, 2, 2)
    static let router = IPv4Address(192, 0, 2, 254)

    /// A peer whose host answers, and that was asked three times through the tunnel, to no avail.
    static var unanswered: PeerProbe {
        var probe = PeerProbe(peer: "b", endpoint: peer)
        probe.tunnel = "tunl"
        probe.local = IPv4Address(192, 0, 2, 1)
        probe.target = Target(IPv4Address(10, 9, 0, 2), .named)
        probe.source = IPv4Address(10, 9, 0, 1)
        probe.outer = Attempt(sent: 3, answered: 3)
        probe.inner = Attempt(sent: 3)
        return probe
    }

    /// The same with something else.
    static func unanswered(_ change: (inout PeerProbe) -> Void) -> PeerProbe {
        var probe = unanswered
        change(&probe)
        return probe
    }

    /// The same with an ICMP error about protocol 4, by default from the peer itself.
    static func told(_ type: UInt8, _ code: UInt8, by offender: IPv4Address = peer) -> PeerProbe {
        unanswered { $0.reports = [ICMPReport(type: type, code: code, offender: offender)] }
    }
}

@Suite struct PeerProbeTests {
    @Test func `an answer by any means proves the way`() {
        #expect(PeerProbe.unanswered { $0.inner.answered = 1 }.leg == .none)
        #expect(PeerProbe.unanswered { $0.datagrams = .init(sent: 1, answered: 1) }.leg == .none)
        #expect(PeerProbe.unanswered { $0.bare = .init(sent: 1, answered: 1) }.leg == .none)
        // Whatever else was seen.
        let told = PeerProbe.unanswered {
            $0.inner.answered = 1
            $0.reports = [ICMPReport(type: 3, code: 2, offender: PeerProbe.peer)]
            $0.receivedDrops = ["inner-source": 1]
        }
        #expect(told.leg == .none)
    }

    /// What a code means from the peer itself, and from a router on the way. nft and iptables can reject with 0, 1, 2, 3, 9,
    /// 10 and 13.
    @Test(arguments: 0...15 as ClosedRange<UInt8>) func `an unreachable message names the leg, by its code and sender`(
        code: UInt8
    ) {
        let (fromPeer, fromRouter): (PeerProbe.Leg, PeerProbe.Leg) =
            switch code {
            case 2: (.decapsulator, .filtered)
            case 3: (.endpoint, .filtered)
            case 4: (.silent, .silent)
            case 9, 10, 13: (.filtered, .filtered)
            default: (.underlay, .underlay)
            }
        for (sender, leg) in [(PeerProbe.peer, fromPeer), (PeerProbe.router, fromRouter)] {
            var probe = PeerProbe.told(3, code, by: sender)
            probe.outer.answered = 0
            #expect(probe.leg == leg)
            #expect((probe.report(for: leg) != nil) == (leg != .silent))
        }
    }

    @Test func `this host's own word that a peer is unreachable is the way below`() {
        var probe = PeerProbe.told(3, 1, by: IPv4Address(192, 0, 2, 1))
        #expect(probe.leg == .underlay)
        probe.outer.answered = 0
        #expect(probe.leg == .underlay)
    }

    @Test func `unreachable of protocol 4 alone is a filter's word, since the peer answers echo`() {
        #expect(PeerProbe.told(3, 1, by: PeerProbe.router).leg == .filtered)
    }

    @Test func `a TTL that runs out is the way below`() {
        #expect(PeerProbe.told(11, 0, by: PeerProbe.router).leg == .underlay)
        #expect(PeerProbe.told(12, 0).leg == .silent)
    }

    @Test(
        arguments: [([2, 13], .decapsulator), ([13, 1], .filtered), ([3, 1], .endpoint), ([3, 2], .decapsulator)]
            as [([UInt8], PeerProbe.Leg)])
    func `of several messages the one from nearest to the peer counts`(codes: [UInt8], leg: PeerProbe.Leg) {
        for order in [codes, codes.reversed()] {
            let probe = PeerProbe.unanswered {
                $0.outer.answered = 0
                $0.reports = order.map { ICMPReport(type: 3, code: $0, offender: PeerProbe.peer) }
            }
            #expect(probe.leg == leg)
        }
    }

    @Test func `what was counted here tells an answer that was lost from a question that never left`() {
        #expect(PeerProbe.unanswered { $0.receivedDrops = ["inner-source": 3] }.leg == .back)
        #expect(PeerProbe.unanswered { $0.lostHere = 1 }.leg == .back)
        #expect(PeerProbe.unanswered { $0.sentDrops = ["forbidden": 3] }.leg == .here)
        #expect(PeerProbe.unanswered { $0.inner = .init(refusal: "Operation not permitted") }.leg == .here)
        // Refused once, sent twice.
        #expect(PeerProbe.unanswered { $0.inner.refusal = "No buffer space available" }.leg == .silent)
    }

    @Test func `a peer that is heard, or takes another source, or sends back, loses it inside`() {
        #expect(PeerProbe.unanswered { $0.received = 1 }.leg == .inside)
        #expect(PeerProbe.unanswered { $0.hairpin = .init(sent: 1, answered: 1) }.leg == .inside)
        let other = PeerProbe.SourceAttempt(IPv4Address(10, 9, 0, 77), .init(sent: 1, answered: 1))
        #expect(PeerProbe.unanswered { $0.otherSources = [other] }.leg == .inside)
        let mute = PeerProbe.SourceAttempt(IPv4Address(10, 9, 0, 77), .init(sent: 1))
        #expect(PeerProbe.unanswered { $0.otherSources = [mute] }.leg == .silent)
    }

    @Test func `without a word it is the way below only when that is seen`() {
        #expect(PeerProbe.unanswered.leg == .silent)
        #expect(PeerProbe.unanswered { $0.outer.answered = 0 }.leg == .silent)
        let dead = PeerProbe.unanswered {
            $0.outer.answered = 0
            $0.silentNextHop = PeerProbe.peer
        }
        #expect(dead.leg == .underlay)
        let told = PeerProbe.unanswered {
            $0.outer = .init(sent: 3, reports: [ICMPReport(type: 3, code: 1, offender: PeerProbe.router)])
        }
        #expect(told.leg == .underlay)
        #expect(told.report(for: .underlay)?.offender == PeerProbe.router)
        #expect(PeerProbe.unanswered { $0.outer = .init(refusal: "Network is unreachable") }.leg == .underlay)
    }

    @Test func `answers beside the tunnel prove one way`() {
        let both = PeerProbe.unanswered { $0.inner.answered = 3 }
        #expect(!both.isOneWay)
        let one = PeerProbe.unanswered {
            $0.inner.answered = 3
            $0.unwrapped = 3
        }
        #expect(one.isOneWay)
    }

    @Test func `round trips are counted together`() {
        var times = PeerProbe.RoundTrip(300)
        times.add(100)
        times.add(800)
        #expect([times.shortest, times.mean, times.longest] == [100, 400, 800])
    }

    @Test(
        arguments: [
            (1480, nil, false), (1380, nil, true), (1380, 1380, false), (1380, 1400, true), (0, nil, false),
        ] as [(Int, Int?, Bool)])
    func `a hole is where long packets vanish and nobody says so`(largest: Int, told: Int?, isHole: Bool) {
        #expect(PeerProbe.SizeProbe(limit: 1480, largest: largest, told: told).isHole == isHole)
    }
}
