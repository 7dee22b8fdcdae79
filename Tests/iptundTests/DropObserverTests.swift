// SPDX-License-Identifier: Apache-2.0

import Configuration
import Logging
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct DropObserverTests {
    /// An observer of many peers, with the counters it looks at.
    private struct Scene: ~Copyable {
        let encapsulated: Counters
        let decapsulated: Counters
        let roster: Roster
        var observer = DropObserver()
        var limit = LineLimit()

        init(peers: Int) {
            encapsulated = Counters(peerCount: peers)
            decapsulated = Counters(peerCount: peers)
            roster = Roster((1...peers).map { .sample("10.0.\($0 / 250).\($0 % 250)", name: "p\($0)") }, local: nil)
        }

        var reading: Observer.Reading {
            Observer.Reading(
                encapsulated: encapsulated.snapshot(), decapsulated: decapsulated.snapshot(), pathMTU: [],
                roster: roster)
        }

        mutating func look(at now: UInt64) -> [LogLine] { observer.lines(reading, within: &limit, at: now) }
    }

    private static func peer(_ place: Int) -> PeerIndex { PeerIndex(rawValue: UInt32(place)) }
    private static let interval = LineLimit.Topic.drop.allowance.interval

    @Test func `each reason is said of each peer when it is seen first, and to which end it belongs`() {
        var scene = Scene(peers: 2)
        scene.decapsulated.writer.dropped(.innerSource, peer: Self.peer(1))
        let first = scene.look(at: 0)
        scene.decapsulated.writer.dropped(.innerSource, peer: Self.peer(0))
        scene.decapsulated.writer.dropped(.innerSource, peer: Self.peer(1))
        scene.encapsulated.writer.dropped(.exceedsMTU, peer: Self.peer(1))
        let second = scene.look(at: 1)
        let line = LogLine(
            topic: .drop, level: .warning,
            text:
                "packets from a peer are dropped: the inner source is outside of the peer's AllowedIPs; add it there, or the "
                + "peer spoofs",
            fields: ["peer": "p2", "address": "10.0.0.2", "drop": "inner-source", "count": "1"],
            about: "decapsulate inner-source", place: 1)
        #expect(first == [line])
        #expect(
            Set(second.map { "\($0.fields["peer"] ?? "") \($0.fields["drop"] ?? "")" }) == [
                "p1 inner-source", "p2 exceeds-mtu",
            ])
        #expect(second.contains { $0.text.hasPrefix("packets to a peer are dropped: ") })
    }

    @Test func `what goes on is said again after ten minutes, with how many there were`() {
        var scene = Scene(peers: 1)
        var lines: [UInt64: [LogLine]] = [:]
        for second in 0...1_300 as ClosedRange<UInt64> {
            scene.decapsulated.writer.dropped(.innerSource, peer: Self.peer(0))
            let said = scene.look(at: second * 1_000)
            if !said.isEmpty { lines[second] = said }
        }
        #expect(lines.keys.sorted() == [0, 600, 1_200])
        #expect(lines[600]?.map(\.fields["count"]) == ["600"])
        let quiet = scene.look(at: 1_799_999)
        let last = scene.look(at: 1_800_000)
        let silence = scene.look(at: 9_000_000)
        #expect(quiet.isEmpty)
        #expect(last.map(\.fields["count"]) == ["100"])
        #expect(silence.isEmpty)
    }

    @Test func `strangers have one line together, whatever they do`() {
        var scene = Scene(peers: 1)
        for _ in 0..<3 { scene.decapsulated.writer.dropped(.outerMalformed, peer: nil) }
        for _ in 0..<5 { scene.decapsulated.writer.dropped(.notPeer, peer: nil) }
        scene.decapsulated.writer.stranger(IPv4Address(198, 51, 100, 7))
        let first = scene.look(at: 0)
        var flood = 0
        for step in 1...100 as ClosedRange<UInt64> {
            for drop in Drop.allCases { scene.decapsulated.writer.dropped(drop, peer: nil) }
            flood += scene.look(at: step * 1_000).filter { $0.topic != .loop }.count
        }
        let later = scene.look(at: Self.interval)
        #expect(first.map(\.fields["drop"]) == ["not-peer"])
        #expect(first.map(\.fields["count"]) == ["5"])
        #expect(first.map(\.fields["address"]) == ["198.51.100.7"])
        #expect(first.map(\.level) == [.notice])
        #expect(first.first?.text.hasPrefix("packets from a stranger are dropped: ") == true)
        #expect(flood == 0)
        #expect(later.count == 1)
    }

    @Test func `a crowd of peers makes ten lines, what happens most goes first, and the others are counted`() {
        var scene = Scene(peers: 500)
        for place in 0..<500 {
            for _ in 0...place { scene.decapsulated.writer.dropped(.martian, peer: Self.peer(place)) }
        }
        let lines = scene.look(at: 0)
        #expect(lines.map(\.fields["count"]) == (491...500).reversed().map { "\($0)" })
        #expect(scene.limit.counts(at: 0).map(\.count) == [490])
        let soon = scene.look(at: 1)
        #expect(soon.isEmpty)
        // The others have their turn.
        let later = scene.look(at: Self.interval)
        #expect(later.map(\.fields["count"]) == (481...490).reversed().map { "\($0)" })
    }

    @Test func `what belongs to the ordinary life of a network is no warning`() {
        var scene = Scene(peers: 1)
        for drop in Drop.allCases { scene.encapsulated.writer.dropped(drop, peer: Self.peer(0)) }
        var lines: [LogLine] = []
        for round in 0..<5 as Range<UInt64> { lines += scene.look(at: round * Self.interval) }
        let information = lines.filter { $0.level == .info }.compactMap { $0.fields["drop"].map { "\($0)" } }
        #expect(
            Set(information) == [
                "inner-ipv6", "link-local-group", "fragmentation-needed", "no-buffers", "unresolved", "no-local",
                "no-peer-multicast",
            ])
        // A loop and congestion are spoken of elsewhere.
        #expect(lines.count == Drop.allCases.count - 2)
    }

    @Test func `what was counted before a peer came is not its own`() {
        var scene = Scene(peers: 1)
        for _ in 0..<9 { scene.decapsulated.writer.dropped(.innerSource, peer: Self.peer(0)) }
        _ = scene.look(at: 0)
        for _ in 0..<9 { scene.decapsulated.writer.dropped(.ttlZero, peer: Self.peer(0)) }
        let reading = scene.reading
        scene.observer.forget(0, reading)
        scene.limit.forget(0)
        let nothing = scene.look(at: 1)
        scene.decapsulated.writer.dropped(.innerSource, peer: Self.peer(0))
        let own = scene.look(at: 2)
        #expect(nothing.isEmpty)
        #expect(own.map(\.fields["count"]) == ["1"])
    }
}
