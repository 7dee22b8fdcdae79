// SPDX-License-Identifier: Apache-2.0

import Wire

/// Packets of a few flows that send in bursts, most of which go on properly and some of which do not.
struct RandomTraffic {
    private var random: SplitMix64
    private var flows: [Flow] = []
    private var current = 0

    /// Three streams and three flows of datagrams between few hosts.
    init(_ seed: UInt64) {
        random = SplitMix64(seed: seed)
        for number in 0..<6 {
            let packet = BuiltPacket(
                identification: UInt16(truncatingIfNeeded: random.next()),
                fragment: Bool.random(using: &random) ? 0x4000 : 0,
                destination: [198, 51, 100, UInt8.random(in: 1...3, using: &random)])
            let tcp = BuiltTCP(
                sequence: UInt32(truncatingIfNeeded: random.next()),
                options: random.bytes(4 * Int.random(in: 0...3, using: &random)))
            flows.append(
                Flow(
                    packet: packet, tcp: tcp, isStream: number < 3, port: UInt16(1_000 + number),
                    size: Int.random(in: 1...200, using: &random)))
        }
    }

    /// What the next packet of a flow looks like.
    private struct Flow {
        var packet: BuiltPacket
        var tcp: BuiltTCP
        let isStream: Bool
        let port: UInt16
        let size: Int

        mutating func packet(_ payload: [UInt8], flags: UInt8) -> [UInt8] {
            (tcp.payload, tcp.flags) = (payload, flags)
            defer {
                packet.identification &+= 1
                tcp.sequence &+= UInt32(payload.count)
            }
            let whole = isStream ? packet.carrying(tcp) : packet.carrying(BuiltUDP(payload: payload))
            return whole.from(port: port)
        }
    }

    private mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    /// The next packet.
    mutating func packet() -> [UInt8] {
        if oneIn(3) { current = Int.random(in: flows.indices, using: &random) }
        var size = flows[current].size
        if oneIn(12) { size = Int.random(in: 0...220, using: &random) }
        let flags: UInt8 = oneIn(12) ? [0x18, 0x11, 0x90, 0x00, 0x50].randomElement(using: &random) ?? 0x18 : 0x10
        let packet = flows[current].packet(random.bytes(size), flags: flags)
        return oneIn(5) ? mutated(packet) : packet
    }

    /// The packet with something about it changed.
    private mutating func mutated(_ packet: [UInt8]) -> [UInt8] {
        let offset = Int.random(in: packet.indices, using: &random)
        let header = Int.random(in: 0..<min(packet.count, 60), using: &random)
        let bit: UInt8 = 1 << UInt8.random(in: 0...7, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return packet.flipping(bit, at: offset)
        case 1, 2: return packet.flipping(bit, at: header).repaired
        case 3: return Array(packet.prefix(offset))
        case 4: return packet + random.bytes(4)
        case 5: return packet.replacing(at: 6, with: [UInt8](word: [0x2000, 0x0001, 0x8000][offset % 3])).repaired
        case 6: return packet.replacing(at: 1, with: [UInt8(offset % 4)]).repaired
        case 7: return packet.replacing(at: packet[9] == 6 ? 36 : 26, with: [0, 0])
        default:
            // Lost, so that what follows is one too far.
            flows[current].packet.identification &+= 1
            return packet
        }
    }

    /// Something that was found out about the packet in `slot` before.
    mutating func prepare(_ slot: inout PacketSlot) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: slot.fate = .dropped
        case 1: slot.segmentSize = 10
        case 2: slot.checksum = .partial(start: 20, offset: 6)
        default: slot.checksum = .valid
        }
    }
}
