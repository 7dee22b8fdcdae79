// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Wire

/// An input as a batch: a packet and, behind it, what follows on it.
///
/// The last octet says how many packets there are. Before it stand two octets for each: what it is, and with what. Four
/// flows send the packet at the start, which is mended so that merging begins at once, and count on; most of what they
/// send is right, some is changed by one octet.
struct Traffic {
    /// The longest batch.
    static let capacity = 64
    /// What is known about the packets besides their octets, by slot.
    private(set) var notes: [(Int, Note)] = []
    /// What is to be merged.
    let kinds: Coalescing.Kinds

    private let steps: ArraySlice<UInt8>
    /// The next packet of each flow, checksums not yet right.
    private var next: [[UInt8]]

    init(_ input: [UInt8]) {
        let last = input.last ?? 0
        // So long that the longest packet there is does not hold all, or many.
        let isLong = last & 0xc0 == 0x40
        let count = min(Int(last) % (isLong ? 16 : Traffic.capacity) + 1, input.count / 2)
        steps = input.dropLast().suffix(2 * count)
        kinds = last & 0xc0 == 0xc0 ? .streams : [.streams, .datagrams]
        var packet = Array(input.dropLast(2 * count + 1))
        if isLong { packet += [UInt8](repeating: last, count: 9_000) }
        packet = mended(packet)
        next = (0..<4).map { flow in
            var packet = packet
            // The last one is between other hosts, the others between other ports.
            if packet.count > 21 { packet[flow == 3 ? 19 : 21] &+= UInt8(flow) }
            return packet
        }
    }

    /// All packets of the batch.
    mutating func packets() -> [[UInt8]] {
        let pairs = stride(from: steps.startIndex, to: steps.endIndex - 1, by: 2).map { (steps[$0], steps[$0 + 1]) }
        return pairs.enumerated().map { packet($0, $1.0, with: Int($1.1)) }
    }

    /// What somebody found out about a packet.
    enum Note: Int {
        case dropped, superpacket, unfinished, valid

        func apply(to slot: inout PacketSlot) {
            switch self {
            case .dropped: slot.fate = .dropped
            case .superpacket: slot.segmentSize = 1
            case .unfinished: slot.checksum = .partial(start: 20, offset: 16)
            case .valid: slot.checksum = .valid
            }
        }
    }

    private mutating func packet(_ slot: Int, _ step: UInt8, with argument: Int) -> [UInt8] {
        let flow = Int(step & 3)
        let mask: UInt8 = 1 << (step >> 2 & 7)
        var packet = next[flow]
        var counted = packet
        let isShort = step >> 5 == 1
        if isShort { packet = shortened(packet, by: argument) }
        switch step >> 5 {
        case 2: change(&packet, at: argument, mask)
        case 3:  // From now on.
            change(&packet, at: argument, mask)
            counted = packet
        case 4: packet = Array(packet.prefix(argument))
        case 5: if let note = Note(rawValue: argument & 3) { notes.append((slot, note)) }
        case 6: if argument & 1 != 0, packet.count > 33 { packet[33] ^= 0x08 }
        default: break
        }
        next[flow] = isShort ? packet : counted
        // What is repeated is not counted.
        if step >> 5 != 6 || argument & 2 == 0 { count(&next[flow]) }
        packet = repaired(packet)
        // One octet that no checksum knows of.
        if step >> 5 == 7, argument & 0x80 != 0 { change(&packet, at: argument & 0x7f, mask) }
        return packet
    }

    private func change(_ packet: inout [UInt8], at offset: Int, _ mask: UInt8) {
        if packet.indices.contains(offset) { packet[offset] ^= mask }
    }
}

/// A packet that can be merged, if there are octets enough for one: whole, a segment with ACK or a proper datagram.
private func mended(_ packet: [UInt8]) -> [UInt8] {
    guard packet.count >= 28 else { return packet }
    var packet = packet
    packet[0] = 0x45
    (packet[6], packet[7]) = (packet[6] & 0x40, 0)
    packet[9] = packet[9] == 17 || packet.count < 40 ? 17 : 6
    if packet[9] == 6 {
        packet[33] = 0x10
        if packet[32] >> 4 < 5 || 20 + Int(packet[32] >> 4) * 4 > packet.count { packet[32] = 0x50 }
    }
    return resized(packet)
}

/// The packet with lengths that say how long it is.
private func resized(_ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    (packet[2], packet[3]) = (UInt8(packet.count >> 8), UInt8(packet.count & 0xff))
    let length = packet.count - 20
    if packet[9] == 17 { (packet[24], packet[25]) = (UInt8(length >> 8), UInt8(length & 0xff)) }
    return packet
}

/// The packet with up to `octets` less behind its headers, and lengths that say so.
private func shortened(_ packet: [UInt8], by octets: Int) -> [UInt8] {
    let payload = packet.count - headerLength(packet)
    return payload > 0 ? resized(packet.dropLast(octets % payload)) : packet
}

/// Octets of IP header and transport header as far as they can be told.
private func headerLength(_ packet: [UInt8]) -> Int {
    guard packet.count >= 40 else { return packet.count < 28 ? packet.count : 28 }
    return packet[9] == 6 ? min(packet.count, 20 + Int(packet[32] >> 4) * 4) : 28
}

/// Makes it the packet that comes after it.
private func count(_ packet: inout [UInt8]) {
    guard packet.count >= 28 else { return }
    add(1, to: &packet, at: 4..<6)
    if packet[9] == 6, packet.count >= 40 { add(packet.count - headerLength(packet), to: &packet, at: 24..<28) }
}

private func add(_ number: Int, to packet: inout [UInt8], at range: Range<Int>) {
    var rest = number
    for offset in range.reversed() {
        rest += Int(packet[offset])
        packet[offset] = UInt8(rest & 0xff)
        rest >>= 8
    }
}

/// The packet with checksums that are right, whatever it is otherwise: no fuzzer finds them.
private func repaired(_ packet: [UInt8]) -> [UInt8] {
    guard packet.count >= 28 else { return packet }
    var packet = packet
    put(0, at: 10, in: &packet)
    put(~naiveSum(packet[..<20]), at: 10, in: &packet)
    let field = packet[9] == 6 ? 36 : 26
    guard packet.count >= field + 2 else { return packet }
    put(0, at: field, in: &packet)
    let length = packet.count - 20
    let pseudoHeader = packet[12..<20] + [0, packet[9], UInt8(length >> 8), UInt8(length & 0xff)]
    let checksum = ~naiveSum(naiveSum(pseudoHeader), naiveSum(packet[20...]))
    put(checksum == 0 ? 0xffff : checksum, at: field, in: &packet)
    return packet
}

private func put(_ value: UInt16, at offset: Int, in packet: inout [UInt8]) {
    (packet[offset], packet[offset + 1]) = (UInt8(value >> 8), UInt8(value & 0xff))
}
