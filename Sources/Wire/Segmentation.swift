// SPDX-License-Identifier: Apache-2.0

/// How a superpacket is cut into the packets that it stands for.
///
/// The kernel hands over up to 64 KiB of one TCP stream, or of UDP datagrams of one size, under a single header, if it is
/// told that the device would cut them (TUNSETOFFLOAD). What is done here is what it does itself otherwise (Linux,
/// `inet_gso_segment`, `tcp_gso_segment`, `__udp_gso_segment`).
public struct Segmentation: Equatable, Sendable {
    /// Octets of the IP and transport headers, which every segment begins with.
    public let headerLength: Int
    /// Octets of payload per segment; the last may be shorter.
    public let size: Int
    /// How many packets there will be.
    public let count: Int

    private let networkLength: Int
    private let payloadLength: Int
    private let carried: IPProtocol

    /// Looks at the superpacket at the start of `bytes`, to be cut into `size` octets of payload.
    ///
    /// The header length that comes with a superpacket is only a hint; it is read from the headers themselves. `nil` when
    /// this is a fragment, neither TCP nor UDP, shorter than its headers, or too long a segment would result.
    public init?(_ bytes: RawSpan, size: Int) {
        guard size > 0, let packet = try? IPv4Packet(bytes), !packet.isFragment else { return nil }
        let payload = packet.payload
        let transportLength: Int
        switch packet.protocolNumber {
        case .tcp:
            guard let length = TCP.headerLength(payload) else { return nil }
            transportLength = length
        case .udp:
            guard payload.byteCount >= UDP.headerLength else { return nil }
            transportLength = UDP.headerLength
        default: return nil
        }
        networkLength = packet.headerLength
        headerLength = networkLength + transportLength
        payloadLength = packet.totalLength - headerLength
        carried = packet.protocolNumber
        self.size = min(size, IPv4Packet.maximumLength)
        count = max(1, (payloadLength + self.size - 1) / self.size)
    }

    /// The longest packet that results, octets.
    public var longestLength: Int { headerLength + min(size, payloadLength) }

    /// Whether the boundaries between segments mean nothing, so that any other size would do as well.
    public var isStream: Bool { carried == .tcp }

    /// The same superpacket, cut into smaller segments; `size` must not be 0.
    public func resized(to size: Int) -> Segmentation { Segmentation(self, size: size) }

    private init(_ other: Segmentation, size: Int) {
        precondition(size > 0)
        (headerLength, networkLength) = (other.headerLength, other.networkLength)
        (payloadLength, carried) = (other.payloadLength, other.carried)
        self.size = min(size, IPv4Packet.maximumLength)
        count = max(1, (payloadLength + self.size - 1) / self.size)
    }

    /// The payload of segment `index`, octets from the start of the superpacket.
    public func body(_ index: Int) -> Range<Int> {
        let start = index * size
        return headerLength + start..<headerLength + min(start + size, payloadLength)
    }

    /// Writes the headers of segment `index` to `offset`, complete with both checksums. Traps when there is no room.
    ///
    /// Identifications count up, whatever DF says, for whoever merges the segments again. FIN and PSH belong to the last
    /// segment, CWR to the first (RFC 3168 §6.1.2).
    @_lifetime(head: copy head)
    public func write(_ index: Int, of superpacket: RawSpan, to head: inout MutableRawSpan, at offset: Int) {
        let body = body(index)
        let length = headerLength + body.count
        head.copy(superpacket.extracting(first: headerLength), to: offset)
        var network = head.part(offset..<offset + networkLength)
        network.store(UInt16(length), at: IPv4Packet.Field.totalLength)
        let identification = network.bytes.uint16(at: IPv4Packet.Field.identification)
        network.store(identification &+ UInt16(truncatingIfNeeded: index), at: IPv4Packet.Field.identification)
        network.rewriteHeaderChecksum(headerLength: networkLength)

        var checksum = Checksum(
            pseudoHeaderFrom: IPv4Address(rawValue: network.bytes.uint32(at: IPv4Packet.Field.source)),
            to: IPv4Address(rawValue: network.bytes.uint32(at: IPv4Packet.Field.destination)), of: carried,
            length: length - networkLength)
        var transport = head.part(offset + networkLength..<offset + headerLength)
        if isStream { advance(&transport, to: index) } else { setLength(&transport, 8 + body.count) }
        let field = isStream ? TCP.checksum : UDP.checksum
        transport.store(0 as UInt16, at: field)
        checksum.add(transport.bytes)
        checksum.add(superpacket.extracting(body))
        // 0 would mean "none" in UDP; 0xffff says the same in both (RFC 768).
        transport.store(checksum.value == 0 ? 0xffff : checksum.value, at: field)
    }

    /// Makes a packet of its own of segment `index`, in another slot.
    public func copy(_ index: Int, of superpacket: RawSpan, to slot: inout PacketSlot) {
        let body = body(index)
        slot.reset()
        slot.place(length: headerLength + body.count)
        slot.checksum = .valid
        var bytes = slot.mutableBytes
        write(index, of: superpacket, to: &bytes, at: 0)
        bytes.copy(superpacket.extracting(body), to: headerLength)
    }

    @_lifetime(transport: copy transport)
    private func advance(_ transport: inout MutableRawSpan, to index: Int) {
        let sequence = transport.bytes.uint32(at: TCP.sequence)
        transport.store(sequence &+ UInt32(truncatingIfNeeded: index * size), at: TCP.sequence)
        var flags = transport.bytes.octet(at: TCP.flags)
        if index < count - 1 { flags &= ~(TCP.fin | TCP.push) }
        if index > 0 { flags &= ~TCP.congestionWindowReduced }
        transport.store(flags, at: TCP.flags)
    }

    @_lifetime(transport: copy transport)
    private func setLength(_ transport: inout MutableRawSpan, _ length: Int) {
        transport.store(UInt16(length), at: UDP.length)
    }
}
