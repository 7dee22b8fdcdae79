// SPDX-License-Identifier: Apache-2.0

/// How a packet that is too long is cut into fragments (RFC 791 §3.2).
///
/// Every fragment keeps the whole header. Options that belong into the first fragment only become "no operation" in the
/// others, so that their headers stay equally long (Linux, `ip_options_fragment`).
public struct Fragmentation: Equatable, Sendable {
    /// How many fragments there will be.
    public let count: Int

    private let headerLength: Int
    private let totalLength: Int
    /// Octets of payload per fragment, a multiple of 8; the last may be shorter.
    private let size: Int

    /// Cuts the packet at the start of `bytes` into fragments of at most `limit` octets, header included.
    ///
    /// `nil` when that is no packet, when DF forbids it, or when `limit` has no room for the header and 8 octets. A packet
    /// that is a fragment itself may be cut again, unless it reaches beyond the longest packet: its offsets would wrap.
    public init?(_ bytes: RawSpan, limit: Int) {
        guard let packet = try? IPv4Packet(bytes), !packet.dontFragment, limit >= packet.headerLength + 8,
            packet.fragmentOffset + packet.totalLength <= IPv4Packet.maximumLength
        else { return nil }
        headerLength = packet.headerLength
        totalLength = packet.totalLength
        size = (min(limit, IPv4Packet.maximumLength) - headerLength) / 8 * 8
        count = max(1, (totalLength - headerLength + size - 1) / size)
    }

    /// The payload of fragment `index`, octets from the start of the packet.
    public func body(_ index: Int) -> Range<Int> {
        let start = headerLength + index * size
        return start..<min(start + size, totalLength)
    }

    /// Octets of the header of each fragment.
    public var headLength: Int { headerLength }

    /// Writes the header of fragment `index` to `offset`. Traps when there is no room.
    @_lifetime(head: copy head)
    public func write(_ index: Int, of packet: RawSpan, to head: inout MutableRawSpan, at offset: Int) {
        head.copy(packet.extracting(first: headerLength), to: offset)
        var header = head.part(offset..<offset + headerLength)
        header.store(UInt16(headerLength + body(index).count), at: IPv4Packet.Field.totalLength)
        // DF is clear; the rest counts in units of 8 octets, from wherever the packet itself belongs.
        let field = header.bytes.uint16(at: IPv4Packet.Field.fragment)
        let more: UInt16 = index < count - 1 ? 0x2000 : field & 0x2000
        let position = field & 0x1fff + UInt16(index * size / 8)
        header.store(more | position, at: IPv4Packet.Field.fragment)
        if index > 0 { header.blankFirstFragmentOptions() }
        header.rewriteHeaderChecksum(headerLength: headerLength)
    }
}

extension MutableRawSpan {
    /// Overwrites the options that are not to be copied into every fragment: their top bit is clear (RFC 791 §3.1).
    @_lifetime(self: copy self)
    fileprivate mutating func blankFirstFragmentOptions() {
        var offset = IPv4Packet.minimumHeaderLength
        while offset < byteCount {
            let type = bytes.octet(at: offset)
            // End of options; or one octet long.
            if type == 0 { return }
            if type == 1 {
                offset += 1
                continue
            }
            guard offset + 1 < byteCount else { return }
            let length = Int(bytes.octet(at: offset + 1))
            guard length >= 2, offset + length <= byteCount else { return }
            if type & 0x80 == 0 {
                for position in offset..<offset + length { store(1 as UInt8, at: position) }
            }
            offset += length
        }
    }
}
