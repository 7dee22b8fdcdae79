// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

extension ControlServerTests {
    private static let greeting = "{\"schema\":2}\n"

    /// Lets the server work, and the peers read, until it is so. `streams` are those that data threads are to know.
    private func serve(
        _ server: inout ControlServer, _ peers: [Peer], _ streams: inout [TapStream], until isSo: ([TapStream]) -> Bool
    ) throws {
        let deadline = Clock.milliseconds + 10_000
        while !isSo(streams), Clock.milliseconds < deadline {
            // The server may wait for room alone.
            for peer in peers { peer.read() }
            if isSo(streams) { break }
            try step(&server, waiting: true) { _ in "another answer" }
            if let changed = server.takeChangedStreams() { streams = changed }
        }
        let isIt = isSo(streams)
        #expect(isIt)
    }

    /// A record of a packet that was dropped.
    private static func record(_ number: UInt8) -> [UInt8] {
        TapStream.words(37, 0, 0, .max, 1, 0) + [0, 1, 0, 0, 1, Drop.notPeer.rawValue, 0, 0, 0, 0, 0, 0] + [number]
    }

    private func put(_ numbers: Range<UInt8>, into tap: Tap) {
        let nothing: [UInt8] = []
        for number in numbers {
            let record = Self.record(number)
            tap.ring.append(record.octets, nothing.octets)
        }
    }

    /// What a peer was sent after the greeting.
    private func records(of peer: Peer) throws -> [PacketRecord] {
        var reader = TapReader(snapLength: 96)
        return try reader.take(Array(peer.received.dropFirst(Self.greeting.utf8.count)))
    }

    @Test func `who captures is greeted, and sent what is in its taps`() throws {
        try withServer { server, path in
            server.dataThreads = 2
            let peer = try Peer(path)
            try peer.send("capture snaplen=100 buffer=131072\n")
            var streams: [TapStream] = []
            try serve(&server, [peer], &streams) { !$0.isEmpty }
            // Data threads have to know before the client believes that nothing is missed.
            #expect(peer.received.isEmpty)
            let taps = try #require(streams.first).taps
            #expect(taps.map(\.ring.capacity) == [65_536, 65_536])
            #expect(taps.map(\.snapLength) == [100, 100])
            put(0..<3, into: taps[1])
            try serve(&server, [peer], &streams) { _ in peer.received.count > Self.greeting.utf8.count + 3 * 37 + 8 }
            #expect(peer.text.hasPrefix(Self.greeting))
            #expect(try records(of: peer).map(\.came.octets) == [[0], [1], [2]])
        }
    }

    @Test func `who has seen enough gets what is there, and then the end`() throws {
        try withServer { server, path in
            server.dataThreads = 1
            let peer = try Peer(path)
            try peer.send("drops\n")
            var streams: [TapStream] = []
            try serve(&server, [peer], &streams) { _ in peer.received.count == Self.greeting.utf8.count }
            put(0..<200, into: try #require(streams.first).taps[0])
            peer.finishSending()
            try serve(&server, [peer], &streams) { $0.isEmpty && peer.isEnded }
            #expect(try records(of: peer).map(\.came.octets) == (0..<200).map { [$0] })
        }
    }

    @Test func `who goes away leaves nothing, and who stays may stay for longer than a question may take`() throws {
        try withServer { server, path in
            server.dataThreads = 1
            let stays = try Peer(path)
            try stays.send("capture\n")
            var streams: [TapStream] = []
            weak var ring: RecordRing?
            do {
                let goes = try Peer(path)
                try goes.send("capture\n")
                try serve(&server, [stays, goes], &streams) { _ in !stays.received.isEmpty && !goes.received.isEmpty }
                #expect(streams.count == 2)
                ring = streams.last?.taps[0].ring
                #expect(ring != nil)
            }
            let start = Clock.milliseconds
            try serve(&server, [stays], &streams) { $0.count == 1 }
            try serve(&server, [stays], &streams) { _ in Clock.milliseconds > start + 2_200 }
            #expect(!stays.isEnded)
            #expect(ring == nil)
        }
    }

    @Test func `four may capture at once, and that is no reason to keep others from asking`() throws {
        try withServer { server, path in
            server.dataThreads = 1
            var streams: [TapStream] = []
            let four = try (0..<4).map { _ in try Peer(path) }
            for peer in four { try peer.send("capture\n") }
            try serve(&server, four, &streams) { _ in four.hasOnly { !$0.received.isEmpty } }
            let fifth = try Peer(path)
            try fifth.send("capture\n")
            try serve(&server, [fifth], &streams) { _ in fifth.isEnded }
            #expect(fifth.text == #"{"code":"busy","error":"4 others do this already","schema":2}"#)
            let others = try (0..<16).map { _ in try Peer(path) }
            for peer in others { try peer.send("show\n") }
            try serve(&server, others, &streams) { _ in others.hasOnly(where: \.isEnded) }
            #expect(others.hasOnly { $0.text == "another answer" })
            #expect(streams.count == 4)
        }
    }

    @Test func `a client that takes nothing loses records, and costs no more than its rings`() throws {
        try withServer { server, path in
            server.dataThreads = 1
            let peer = try Peer(path)
            try peer.send("capture buffer=65536\n")
            var streams: [TapStream] = []
            try serve(&server, [], &streams) { !$0.isEmpty }
            let tap = try #require(streams.first).taps[0]
            // Much more than the socket and the ring can hold.
            let deadline = Clock.milliseconds + 10_000
            while tap.ring.lost < 10_000, Clock.milliseconds < deadline {
                put(0..<250, into: tap)
                try step(&server) { _ in "" }
            }
            #expect(tap.ring.lost >= 10_000)
            peer.finishSending()
            try serve(&server, [peer], &streams) { _ in peer.isEnded }
            let seen = try records(of: peer)
            #expect(seen.count > 1_000 && seen.hasOnly { $0.drop == .notPeer })
        }
    }
}
