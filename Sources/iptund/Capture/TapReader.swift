// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// Puts together what a tunnel sends to whoever captures (``TapStream``), and believes nothing of it.
struct TapReader {
    /// Records that the tunnel lost because they were not taken in time.
    private(set) var lost: UInt64 = 0
    private let snapLength: Int
    private var octets: [UInt8] = []
    /// Of each ring, the record that has begun.
    private var begun: [[UInt8]] = []
    /// Records of a round that has not ended.
    private var round: [PacketRecord] = []

    /// More threads than any tunnel has.
    private static let mostRings = 4_096
    /// More records than a round can have: each takes more octets than that of a ring.
    private static let mostRecords = RecordRing.most / 32

    /// Views of packets keep at most `snapLength` octets.
    init(snapLength: Int) { self.snapLength = snapLength }

    /// Takes what came, and returns what is known now in the order of time: all records of the rounds that have ended.
    /// - Throws: when no tunnel of this version would send that.
    mutating func take(_ more: [UInt8]) throws(PacketRecord.Malformed) -> [PacketRecord] {
        octets += more
        var records: [PacketRecord] = []
        var place = 0
        while octets.count - place >= 8 {
            let (ring, length) = (octets.octets.uint32(at: place), Int(octets.octets.uint32(at: place + 4)))
            guard length <= TapStream.longestPiece else { throw .init() }
            guard octets.count - place - 8 >= length else { break }
            let piece = octets[(place + 8)...].prefix(length)
            place += 8 + length
            if ring == TapStream.mark {
                guard length == 8 else { throw .init() }
                lost = piece.reduce(0) { $0 << 8 | UInt64($1) }
                records += round.sorted { $0.time < $1.time }
                round = []
            } else {
                try read(piece, ring: Int(ring))
            }
        }
        octets.removeFirst(place)
        return records
    }

    /// The records of a round that has no end, because the tunnel has ended.
    mutating func takeRest() -> [PacketRecord] {
        defer { round = [] }
        return round.sorted { $0.time < $1.time }
    }

    private mutating func read(_ piece: ArraySlice<UInt8>, ring: Int) throws(PacketRecord.Malformed) {
        guard ring < TapReader.mostRings else { throw .init() }
        while begun.count <= ring { begun.append([]) }
        let records = begun[ring] + piece
        var place = 0
        while true {
            let rest = records.octets.extracting(place..<records.count)
            guard let length = try PacketRecord.length(rest), length <= rest.byteCount else { break }
            guard round.count < TapReader.mostRecords else { throw .init() }
            round.append(try PacketRecord(rest.extracting(first: length), snapLength: snapLength))
            place += length
        }
        begun[ring] = Array(records[place...])
    }
}
