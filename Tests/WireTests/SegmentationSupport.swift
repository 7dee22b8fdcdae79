// SPDX-License-Identifier: Apache-2.0

import Wire

extension Segmentation {
    /// `nil` for the same reasons as `init`.
    init?(_ superpacket: [UInt8], size: Int) { self.init(superpacket.octets, size: size) }

    /// All the packets that `superpacket` stands for.
    func packets(of superpacket: [UInt8]) -> [[UInt8]] { (0..<count).map { packet($0, of: superpacket) } }

    /// Segment `index`, whose headers are written somewhere into memory that is not clean.
    func packet(_ index: Int, of superpacket: [UInt8], at offset: Int = 4) -> [UInt8] {
        var head = [UInt8](repeating: 0xaa, count: offset + headerLength + 4)
        changing(&head) { write(index, of: superpacket.octets, to: &$0, at: offset) }
        precondition(head[..<offset].allSatisfy { $0 == 0xaa } && head.suffix(4).allSatisfy { $0 == 0xaa })
        return Array(head[offset..<offset + headerLength]) + superpacket[body(index)]
    }
}

/// What the kernel would have sent: every segment put together from scratch (Linux, `tcp_gso_segment`).
func segments(of packet: BuiltPacket, _ tcp: BuiltTCP, size: Int) -> [[UInt8]] {
    let chunks = tcp.payload.chunks(of: size)
    return chunks.indices.map { index in
        var (packet, segment) = (packet, tcp)
        packet.identification &+= UInt16(index)
        segment.sequence &+= UInt32(index * size)
        segment.payload = chunks[index]
        // FIN is 0x01, PSH is 0x08, CWR is 0x80.
        if index + 1 < chunks.count { segment.flags &= 0xf6 }
        if index > 0 { segment.flags &= 0x7f }
        return packet.carrying(segment)
    }
}

/// The same for datagrams (Linux, `__udp_gso_segment`).
func segments(of packet: BuiltPacket, _ udp: BuiltUDP, size: Int) -> [[UInt8]] {
    udp.payload.chunks(of: size).enumerated().map { index, chunk in
        var packet = packet
        packet.identification &+= UInt16(index)
        return packet.carrying(BuiltUDP(payload: chunk))
    }
}

extension [UInt8] {
    /// Cut into parts of `size` octets, the last may be shorter; nothing is one empty part.
    func chunks(of size: Int) -> [[UInt8]] {
        if isEmpty { return [[]] }
        return stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
