// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// Some of the packets that a running tunnel drops, as it drops them: as many as fit through a small buffer.
///
/// ```
/// var samples = try DropSamples.open("b", directory: nil)
/// try Poll.wait(for: &interests, timeoutMilliseconds: -1)     // with samples.interest among them
/// for sample in try samples.next() { print(sample.line) }
/// ```
/// Everybody may look who may ask `show`.
struct DropSamples: ~Copyable {
    private var connection: TapConnection

    /// Asks the tunnel `name` of this network namespace, or the one in `directory`.
    static func open(_ name: String, directory: String?) throws(Complaint) -> DropSamples {
        DropSamples(connection: try TapConnection.open(name, directory: directory, .sample))
    }

    /// Ready when there is something new.
    var interest: Poll.Interest { connection.interest }

    /// How many were dropped besides, and are in no sample.
    var lost: UInt64 { connection.lost }

    /// Whether the tunnel has ended.
    var isOver: Bool { connection.isOver }

    /// What is new, in the order of time.
    mutating func next() throws(Complaint) -> [DropSample] { try connection.receive().compactMap(DropSample.init) }
}

/// The beginning of a packet that was dropped.
struct DropSample: Equatable {
    /// Microseconds since 1970.
    let time: UInt64
    /// Which way it would have gone.
    let direction: Direction
    /// Why it was dropped.
    let drop: Drop
    /// The place of its peer in the report's list; `nil` when it belonged to none.
    let peer: Int?
    /// Its first octets, as it came: from the outer header on when it came from the network.
    let octets: [UInt8]
    /// How long it was, octets.
    let length: Int

    /// `nil` for a packet that went on.
    init?(_ record: PacketRecord) {
        guard let drop = record.drop else { return nil }
        self.drop = drop
        time = record.time
        direction = record.direction
        peer = record.peer.map { Int($0.rawValue) }
        octets = record.came.octets
        length = record.came.length
    }

    /// For people: `inner-source: 192.0.2.1 > 192.0.2.2: ipip 10.66.0.1 > 10.9.0.2: icmp echo request, 84 octets, ttl 64`.
    var line: String { "\(drop.name): \(Dissector.line(octets, length: length))" }
}
