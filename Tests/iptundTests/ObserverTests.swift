// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct ObserverTests {
    static let peer = PeerIndex(rawValue: 0)

    /// An observer of one peer, with the counters it looks at.
    private struct Scene: ~Copyable {
        let encapsulated = Counters(peerCount: 1)
        let decapsulated = Counters(peerCount: 1)
        var pathMTU = 1500
        var endpoint: IPv4Address? = IPv4Address(192, 0, 2, 2)
        var observer = Observer(device: "iptun0")

        init() { _ = look(at: 0) }

        mutating func look(at now: UInt64) -> [Observer.Remark] {
            let reading = Observer.Reading(
                encapsulated: encapsulated.snapshot(), decapsulated: decapsulated.snapshot(), pathMTU: [pathMTU],
                endpoints: [endpoint])
            return observer.remarks(reading, at: now)
        }

        func hear(_ code: UInt8) {
            let report = ICMPReport(type: 3, code: code, offender: IPv4Address(192, 0, 2, 9))
            decapsulated.writer.error(report.encoded, peer: ObserverTests.peer)
        }
    }

    @Test func `a quiet tunnel says nothing`() {
        var scene = Scene()
        let remarks = scene.look(at: 1_000)
        #expect(remarks.isEmpty)
    }

    @Test func `behind a vacant place a peer's own numbers are read`() {
        let endpoints = [nil, IPv4Address(192, 0, 2, 2)]
        var observer = Observer(device: "iptun0")
        let counters = Counters(peerCount: 2)
        let quiet = counters.snapshot()
        _ = observer.remarks(
            Observer.Reading(encapsulated: quiet, decapsulated: quiet, pathMTU: [65_535, 1500], endpoints: endpoints),
            at: 0)
        let report = ICMPReport(type: 3, code: 2, offender: IPv4Address(192, 0, 2, 9))
        counters.writer.error(report.encoded, peer: PeerIndex(rawValue: 1))
        let remarks = observer.remarks(
            Observer.Reading(
                encapsulated: quiet, decapsulated: counters.snapshot(), pathMTU: [65_535, 1400], endpoints: endpoints),
            at: 1_000)
        #expect(remarks.count == 2 && remarks.allSatisfy { $0.text.contains("to 192.0.2.2: ") })
    }

    @Test func `a place that is added later is read from its first error on`() {
        var observer = Observer(device: "iptun0")
        let few = Counters(peerCount: 1).snapshot()
        let many = Counters(peerCount: 3)
        let endpoint = IPv4Address(192, 0, 2, 2)
        _ = observer.remarks(
            Observer.Reading(encapsulated: few, decapsulated: few, pathMTU: [1500], endpoints: [endpoint]), at: 0)
        let report = ICMPReport(type: 3, code: 2, offender: IPv4Address(192, 0, 2, 9))
        many.writer.error(report.encoded, peer: PeerIndex(rawValue: 2))
        let remarks = observer.remarks(
            Observer.Reading(
                encapsulated: many.snapshot(), decapsulated: many.snapshot(), pathMTU: [1500, 65_535, 1400],
                endpoints: [endpoint, nil, IPv4Address(192, 0, 2, 4)]), at: 1)
        #expect(remarks.count == 1 && remarks.allSatisfy { $0.text.contains("to 192.0.2.4: ") })
    }

    @Test func `of a place that is forgotten nothing was said before`() {
        var scene = Scene()
        scene.pathMTU = 1400
        scene.hear(2)
        let first = scene.look(at: 1)
        scene.hear(2)
        scene.pathMTU = 1300
        let soon = scene.look(at: 2)
        scene.observer.forget(0)
        scene.hear(2)
        let again = scene.look(at: 3)
        scene.pathMTU = 1200
        let path = scene.look(at: 4)
        #expect(first.count == 2)
        #expect(soon.isEmpty)
        // The path MTU that is seen first is where the new peer starts from.
        #expect(again.map(\.text).filter { $0.contains("IP-in-IP") }.count == 1 && again.count == 1)
        #expect(path.map(\.text) == ["path MTU to 192.0.2.2: 1200, so 1180 inside"])
    }

    @Test func `a peer without an address is not spoken of`() {
        var scene = Scene()
        scene.endpoint = nil
        scene.pathMTU = 1400
        scene.hear(2)
        let remarks = scene.look(at: 1)
        #expect(remarks.isEmpty)
    }

    @Test func `what the network says of a peer is repeated once a minute at most, another thing at once`() {
        var scene = Scene()
        scene.hear(2)
        let first = scene.look(at: 1_000)
        scene.hear(2)
        let soon = scene.look(at: 60_999)
        scene.hear(13)
        let other = scene.look(at: 60_999)
        scene.hear(2)
        let later = scene.look(at: 61_000)
        let nothing = scene.look(at: 200_000)
        let text =
            "packets to 192.0.2.2: the peer takes no IP-in-IP: nothing decapsulates there (ICMP 3/2 from 192.0.2.9)"
        #expect(first == [Observer.Remark(isWarning: true, text: text)])
        #expect(soon.isEmpty)
        #expect(other.map(\.text) == ["packets to 192.0.2.2: a firewall forbids protocol 4 (ICMP 3/13 from 192.0.2.9)"])
        #expect(later == first)
        #expect(nothing.isEmpty)
    }

    @Test func `a path MTU that changes is said, and one that is suspiciously low is a warning`() {
        var scene = Scene()
        scene.pathMTU = 1400
        let lower = scene.look(at: 1)
        let same = scene.look(at: 2)
        scene.pathMTU = 552
        let low = scene.look(at: 10_001)
        #expect(lower == [Observer.Remark(isWarning: false, text: "path MTU to 192.0.2.2: 1400, so 1380 inside")])
        #expect(same.isEmpty)
        #expect(low.map(\.isWarning) == [true])
        #expect(low.first?.text.contains("forged") == true)
    }

    @Test func `a loop is said every ten seconds while it lasts`() {
        var scene = Scene()
        var spoken: [UInt64] = []
        for second in 1...25 as ClosedRange<UInt64> {
            scene.encapsulated.writer.dropped(.loop, peer: ObserverTests.peer)
            if !scene.look(at: second * 1_000).isEmpty { spoken.append(second) }
        }
        let silence = scene.look(at: 60_000)
        #expect(spoken == [1, 11, 21])
        #expect(silence.isEmpty)
    }

    @Test func `errors that mean nothing of their own are one thing, whatever their numbers`() {
        var scene = Scene()
        var lines = 0
        for code in 0...255 as ClosedRange<UInt8> {
            let report = ICMPReport(type: 12, code: code, offender: IPv4Address(192, 0, 2, code))
            scene.decapsulated.writer.error(report.encoded, peer: ObserverTests.peer)
            lines += scene.look(at: UInt64(code) * 200).count
        }
        #expect(lines == 1)
    }

    @Test func `a path MTU that keeps changing is said every ten seconds, and the last one in the end`() {
        var scene = Scene()
        var said: [String] = []
        for step in 0..<100 {
            scene.pathMTU = 1499 - step
            said += scene.look(at: UInt64(step) * 200).map(\.text)
        }
        #expect(said.count == 2)
        let last = scene.look(at: 60_000)
        #expect(last.map(\.text) == ["path MTU to 192.0.2.2: 1400, so 1380 inside"])
    }

    @Test func `congestion that nobody can hear of is said`() {
        var scene = Scene()
        scene.decapsulated.writer.dropped(.congestionUnsignalled, peer: ObserverTests.peer)
        let first = scene.look(at: 1)
        let again = scene.look(at: 2)
        #expect(first.map(\.isWarning) == [true])
        #expect(again.isEmpty)
    }

    @Test func `an alarming ECN is said, an odd one only counted`() {
        var scene = Scene()
        scene.decapsulated.writer.count(.unexpectedECN)
        let odd = scene.look(at: 1)
        scene.decapsulated.writer.count(.dangerousECN)
        let alarming = scene.look(at: 2)
        #expect(odd.isEmpty)
        #expect(alarming.count == 1)
    }
}
