// SPDX-License-Identifier: Apache-2.0

/// Changes to the header of an IPv4 packet that has been checked (``IPv4Packet``) and lies at the start of the span.
extension MutableRawSpan {
    /// Replaces the ECN codepoint and corrects the header checksum by the difference (RFC 1624).
    ///
    /// A header checksum that was wrong before stays wrong: nothing is repaired on the way.
    @_lifetime(self: copy self)
    public mutating func rewriteECN(_ ecn: ECN) {
        let old = bytes.uint16(at: IPv4Packet.Field.versionAndIHL)
        let new = old & ~0b11 | UInt16(ecn.rawValue)
        let checksum = bytes.uint16(at: IPv4Packet.Field.checksum)
        store(new, at: IPv4Packet.Field.versionAndIHL)
        store(Checksum.updated(checksum, replacing: old, with: new), at: IPv4Packet.Field.checksum)
    }

    /// Computes the checksum of the header at the start of the span anew.
    ///
    /// Only for headers that we write, or cut from one that was right: never to repair one that arrived wrong.
    @_lifetime(self: copy self)
    mutating func rewriteHeaderChecksum(headerLength: Int) {
        store(0 as UInt16, at: IPv4Packet.Field.checksum)
        var checksum = Checksum()
        checksum.add(bytes.extracting(first: headerLength))
        store(checksum.value, at: IPv4Packet.Field.checksum)
    }

    /// Computes the checksum that the kernel left for the hardware to finish (Linux, `skb_checksum_help`).
    ///
    /// The field holds the sum of the pseudo-header; everything from `start` to the end is added to it. A result of 0
    /// is stored as 0xffff, which says the same and does not mean "none" in UDP (RFC 768).
    /// - Returns: false, and nothing is changed, when `start` or the field do not lie inside of the span.
    @_lifetime(self: copy self)
    public mutating func completeChecksum(from start: Int, field: Int) -> Bool {
        guard start >= 0, field >= 0, start <= byteCount - 2, field <= byteCount - start - 2 else { return false }
        var checksum = Checksum()
        checksum.add(bytes.extracting(start..<byteCount))
        store(checksum.value == 0 ? 0xffff : checksum.value, at: start + field)
        return true
    }
}
