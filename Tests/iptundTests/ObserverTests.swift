// SPDX-License-Identifier: Apache-2.0

import Configuration
import Logging
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct ObserverTests {
    static let peer = PeerIndex(rawValue: 0)

    /// The peer that is spoken of.
    static let there = PeerSettings.sample("192.0.2.2")
    static let other = PeerSettings.sample("192.0.2.4", name: "b")

    /// An observer of one peer, with the counters it looks at.
    private struct Scene: ~Copyable {
        let encapsulated = Counters(peerCount: 1)
        let decapsulated = Counters(peerCount: 1)
        var pathMTU = 1500
        var peer = ObserverTests.there
        var observer = Observer(device: "iptun0")
        var limit = LineLimit()

        init() { _ = look(at: 0) }

        mutating func look(at now: UInt64) -> [LogLine] {
            let reading = Observer.Reading(
                encapsulated: encapsulated.snapshot(), decapsulated: decapsulated.snapshot(), pathMTU: [pathMTU],
                roster: Roster([peer], local: nil))
            return observer.lines(reading, within: &limit, at: now)
        }

        mutating func forget() {
            observer.forget(0)
            limit.forget(0)
        }

        func hear(_ code: UInt8) {
            let report = ICMPReport(type: 3, code: code, offender: IPv4Address(192, 0, 2, 9))
            decapsulated.writer.error(report.encoded, peer: ObserverTests.peer)
        }
    }

    /// A roster whose first place is vacant.
    private static func vacantFirst() -> Roster {
        var roster = Roster([.sample("192.0.2.9"), there], local: nil)
        _ = roster.replace(by: [there])
        return roster
    }

    @Test func `a quiet tunnel says nothing`() {
        var scene = Scene()
        let remarks = scene.look(at: 1_000)
        #expect(remarks.isEmpty)
    }

    @Test func `behind a vacant place a peer's own numbers are read`() {
        let roster = Self.vacantFirst()
        var (observer, limit) = (Observer(device: "iptun0"), LineLimit())
        let counters = Counters(peerCount: 2)
        let quiet = counters.snapshot()
        _ = observer.lines(
            Observer.Reading(encapsulated: quiet, decapsulated: quiet, pathMTU: [65_535, 1500], roster: roster),
            within: &limit, at: 0)
        let report = ICMPReport(type: 3, code: 2, offender: IPv4Address(192, 0, 2, 9))
        counters.writer.error(report.encoded, peer: PeerIndex(rawValue: 1))
        let lines = observer.lines(
            Observer.Reading(
                encapsulated: quiet, decapsulated: counters.snapshot(), pathMTU: [65_535, 1400], roster: roster),
            within: &limit, at: 1_000)
        #expect(lines.count == 2 && lines.hasOnly { $0.fields["peer"] == "192.0.2.2" })
    }

    @Test func `a place that is added later is read from its first error on`() {
        var (observer, limit) = (Observer(device: "iptun0"), LineLimit())
        let few = Counters(peerCount: 1).snapshot()
        let many = Counters(peerCount: 2)
        _ = observer.lines(
            Observer.Reading(
                encapsulated: few, decapsulated: few, pathMTU: [1500], roster: Roster([Self.there], local: nil)),
            within: &limit, at: 0)
        let report = ICMPReport(type: 3, code: 2, offender: IPv4Address(192, 0, 2, 9))
        many.writer.error(report.encoded, peer: PeerIndex(rawValue: 1))
        let lines = observer.lines(
            Observer.Reading(
                encapsulated: many.snapshot(), decapsulated: many.snapshot(), pathMTU: [1500, 1400],
                roster: Roster([Self.there, Self.other], local: nil)), within: &limit, at: 1)
        #expect(lines.map { $0.fields["peer"] } == ["b"] && lines.map { $0.fields["address"] } == ["192.0.2.4"])
    }

    @Test func `of a place that is forgotten nothing was said before`() {
        var scene = Scene()
        scene.pathMTU = 1400
        scene.hear(2)
        let first = scene.look(at: 1)
        scene.hear(2)
        scene.pathMTU = 1300
        let soon = scene.look(at: 2)
        scene.forget()
        scene.hear(2)
        let again = scene.look(at: 3)
        scene.pathMTU = 1200
        let path = scene.look(at: 4)
        #expect(first.count == 2)
        #expect(soon.isEmpty)
        // The path MTU that is seen first is where the new peer starts from.
        #expect(again.map(\.text).filter { $0.contains("IP-in-IP") }.count == 1 && again.count == 1)
        #expect(path.map(\.text) == ["the path MTU to a peer is 1200 now, so 1180 inside"])
    }

    @Test func `a peer without an address is not spoken of`() {
        var scene = Scene()
        scene.peer = .sample("b.example")
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
        let line = LogLine(
            topic: .error, level: .warning,
            text: "packets to a peer draw an ICMP error: the peer takes no IP-in-IP: nothing decapsulates there",
            fields: ["peer": "192.0.2.2", "icmp": "3/2", "from": "192.0.2.9"],
            about: "the peer takes no IP-in-IP: nothing decapsulates there", place: 0)
        #expect(first == [line])
        #expect(soon.isEmpty)
        #expect(other.map(\.fields["icmp"]) == ["3/13"])
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
        #expect(lower.map(\.text) == ["the path MTU to a peer is 1400 now, so 1380 inside"])
        #expect(lower.map(\.level) == [.info])
        #expect(same.isEmpty)
        #expect(low.map(\.level) == [.warning])
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
        #expect(last.map(\.text) == ["the path MTU to a peer is 1400 now, so 1380 inside"])
    }

    @Test func `congestion that nobody can hear of is said`() {
        var scene = Scene()
        scene.decapsulated.writer.dropped(.congestionUnsignalled, peer: ObserverTests.peer)
        let first = scene.look(at: 1)
        let again = scene.look(at: 2)
        #expect(first.map(\.fields["drop"]) == ["congestion-unsignalled"])
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
