// SPDX-License-Identifier: Apache-2.0

/// The TCP option by which each end says how long a segment it takes (RFC 9293 §3.7.1).
extension MutableRawSpan {
    private static var kind: UInt8 { 2 }

    /// Lowers the maximum segment size in the SYN or SYN-ACK at the start of the span to `limit` octets.
    ///
    /// The packet must have been checked (``IPv4Packet``). The checksum is corrected by the difference (RFC 1624), unless
    /// `isUnfinished`: then it does not cover the option yet. A size is never raised; a packet without the option stays
    /// without: its sender takes 536 octets, which always fit.
    /// - Returns: whether something was changed.
    @_lifetime(self: copy self)
    public mutating func clampMaximumSegmentSize(to limit: UInt16, isUnfinished: Bool) -> Bool {
        guard let offset = maximumSegmentSizeOffset else { return false }
        let old = bytes.uint16(at: offset.value)
        guard old > limit else { return false }
        store(limit, at: offset.value)
        if isUnfinished { return true }
        let field = offset.transport + 16
        // At an odd offset the two octets belong to two words of the sum, which is the same as swapping both (RFC 1071 §2).
        let isOdd = (offset.value - offset.transport) % 2 == 1
        let updated = Checksum.updated(
            bytes.uint16(at: field), replacing: isOdd ? old.byteSwapped : old, with: isOdd ? limit.byteSwapped : limit)
        store(updated, at: field)
        return true
    }

    /// Where the option's value stands, and where the TCP header starts; `nil` when this is no SYN, or has no such option.
    private var maximumSegmentSizeOffset: (value: Int, transport: Int)? {
        let first = bytes.octet(at: IPv4Packet.Field.versionAndIHL)
        let transport = Int(first & 0xf) * 4
        guard bytes.octet(at: IPv4Packet.Field.protocolNumber) == IPProtocol.tcp.rawValue,
            bytes.uint16(at: IPv4Packet.Field.fragment) & 0x1fff == 0, byteCount >= transport + 20,
            bytes.octet(at: transport + 13) & 0x02 != 0
        else { return nil }
        let end = min(transport + Int(bytes.octet(at: transport + 12) >> 4) * 4, byteCount)
        var offset = transport + 20
        while offset < end {
            let kind = bytes.octet(at: offset)
            if kind == 0 { return nil }
            if kind == 1 {
                offset += 1
                continue
            }
            guard offset + 1 < end else { return nil }
            let length = Int(bytes.octet(at: offset + 1))
            guard length >= 2, offset + length <= end else { return nil }
            if kind == MutableRawSpan.kind { return length == 4 ? (offset + 2, transport) : nil }
            offset += length
        }
        return nil
    }
}
