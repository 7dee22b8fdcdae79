// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct TapReaderTests {
    /// A record of a packet that was dropped, 36 octets and what was kept of it.
    private static func record(time: UInt32, _ octets: [UInt8]) -> [UInt8] {
        TapStream.words(UInt32(36 + octets.count), 0, time, .max, UInt32(octets.count), 0)
            + [0, UInt8(octets.count), 0, 0, 1, Drop.notPeer.rawValue, 0, 0, 0, 0, 0, 0] + octets
    }

    private static func piece(_ ring: UInt32, _ octets: [UInt8]) -> [UInt8] {
        TapStream.words(ring, UInt32(octets.count)) + octets
    }

    private static func mark(lost: UInt32) -> [UInt8] { TapStream.words(TapStream.mark, 8, 0, lost) }

    @Test func `records of several rings come in the order of time, when a round has ended`() throws {
        var reader = TapReader(snapLength: 96)
        let first = Self.record(time: 1, [1]) + Self.record(time: 3, [3])
        #expect(try reader.take(Self.piece(0, first) + Self.piece(1, Self.record(time: 2, [2]))).isEmpty)
        let records = try reader.take(Self.mark(lost: 9))
        #expect(records.map(\.came.octets) == [[1], [2], [3]])
        #expect(records.map(\.drop) == [.notPeer, .notPeer, .notPeer])
        #expect(reader.lost == 9)
    }

    @Test func `a stream may come in any portions, and a record in several pieces`() throws {
        let records = (0..<20).map { Self.record(time: UInt32($0), [UInt8($0)]) }.flatMap(\.self)
        let pieces = stride(from: 0, to: records.count, by: 50).flatMap { place in
            Self.piece(3, Array(records[place...].prefix(50)))
        }
        let stream = pieces + Self.mark(lost: 0)
        for size in [1, 7, 50, 1_000] {
            var reader = TapReader(snapLength: 96)
            var seen: [UInt8] = []
            for place in stride(from: 0, to: stream.count, by: size) {
                seen += try reader.take(Array(stream[place...].prefix(size))).flatMap(\.came.octets)
            }
            #expect(seen == [UInt8](0..<20))
        }
    }

    @Test(arguments: [
        TapStream.words(0, 65_537), TapStream.words(4_096, 1) + [0], TapStream.words(TapStream.mark, 4, 0),
        TapStream.words(0, 4, 35), TapStream.words(0, 4, 1 << 20),
        TapStream.words(0, 40, 36, 0, 0, 0, 0, 0, 0, 0x00fe_0000, 0, 0),
    ])
    func `what no tunnel would send is refused`(stream: [UInt8]) {
        var reader = TapReader(snapLength: 96)
        #expect(throws: PacketRecord.Malformed.self) { try reader.take(stream) }
    }

    @Test func `any octets are refused or read, and never a trap`() {
        var random = SplitMix64()
        let good =
            Self.piece(0, Self.record(time: 1, [1, 2, 3])) + Self.piece(1, Self.record(time: 1, [4]))
            + Self.mark(lost: 0)
        for _ in 0..<3_000 {
            var octets = good
            for _ in 0..<4 {
                octets[Int.random(in: octets.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            var reader = TapReader(snapLength: 96)
            let records = try? reader.take(octets)
            #expect((records ?? []).count <= 2, "\(random.note)")
        }
    }
}
