// SPDX-License-Identifier: Apache-2.0

/// A packet that may become part of a superpacket: which flow it is of, and where in the flow it belongs.
///
/// Only what ``Segmentation`` makes again from a superpacket qualifies (Linux, `tcp_gro_receive`, `udp_gro_receive`): no
/// fragment, no IP options, all checksums right, something in it; TCP with ACK and at most PSH, UDP with a checksum and to
/// one host.
struct Mergeable: Equatable, Sendable {
    /// Whose packets may be one superpacket, and keep their order whatever becomes of them.
    let flow: Flow
    /// Octets of the IP and transport headers.
    let headerLength: Int
    /// Octets behind them: never 0.
    let payloadLength: Int
    /// The number of the first octet in the stream; 0 in a datagram, which has none.
    let sequence: UInt32
    /// The identification of the IP header.
    let identification: UInt16
    /// Whether it will never be cut into fragments, so that its identification means nothing (RFC 6864 §4.1).
    let isAtomic: Bool
    /// Whether the sender wants what it has sent so far to be delivered (PSH).
    let pushes: Bool

    /// Both ends of a conversation.
    struct Flow: Equatable, Sendable {
        /// Source and destination.
        let addresses: UInt64
        /// Source and destination port.
        let ports: UInt32
        let carried: IPProtocol
    }

    /// Whether it is numbered by octets, not only by packets.
    var isStream: Bool { flow.carried == .tcp }

    /// Looks at the packet that is all of `bytes`; `nil` when it has to go on alone.
    init?(_ bytes: RawSpan, of kinds: Coalescing.Kinds) {
        guard bytes.byteCount >= Mergeable.networkLength + UDP.headerLength, bytes.octet(at: 0) == 0x45,
            bytes.uint16(at: IPv4Packet.Field.totalLength) == bytes.byteCount,
            bytes.uint16(at: IPv4Packet.Field.fragment) & ~Mergeable.dontFragment == 0
        else { return nil }
        let packet = IPv4Packet(checked: bytes, headerLength: Mergeable.networkLength)
        let payload = packet.payload
        let transportLength: Int
        switch packet.protocolNumber {
        case .tcp where kinds.contains(.streams):
            guard let length = TCP.headerLength(payload),
                payload.octet(at: TCP.flags) & ~TCP.push == TCP.acknowledge
            else { return nil }
            transportLength = length
            sequence = payload.uint32(at: TCP.sequence)
            pushes = payload.octet(at: TCP.flags) & TCP.push != 0
        // For a group that is forwarded, the kernel compares the whole superpacket with the MTU (`ipmr_queue_xmit`).
        case .udp where kinds.contains(.datagrams) && packet.destination.isUnicast:
            guard payload.uint16(at: UDP.length) == payload.byteCount, payload.uint16(at: UDP.checksum) != 0 else {
                return nil
            }
            transportLength = UDP.headerLength
            (sequence, pushes) = (0, false)
        default: return nil
        }
        guard transportLength < payload.byteCount, packet.hasValidHeaderChecksum,
            Mergeable.isIntact(payload, of: packet)
        else { return nil }
        headerLength = Mergeable.networkLength + transportLength
        payloadLength = bytes.byteCount - headerLength
        identification = packet.identification
        isAtomic = packet.dontFragment
        flow = Flow(
            addresses: Mergeable.addresses(bytes), ports: payload.uint32(at: TCP.ports),
            carried: packet.protocolNumber)
    }

    /// Source and destination of the packet at the start of `bytes`, which has at least 20 octets.
    static func addresses(_ bytes: RawSpan) -> UInt64 {
        UInt64(bytes.uint32(at: IPv4Packet.Field.source)) << 32 | UInt64(bytes.uint32(at: IPv4Packet.Field.destination))
    }

    /// Whether the transport checksum is right: the kernel believes what we say of a superpacket, so nothing that was
    /// corrupted may become part of one.
    private static func isIntact(_ payload: RawSpan, of packet: borrowing IPv4Packet) -> Bool {
        var checksum = Checksum(
            pseudoHeaderFrom: packet.source, to: packet.destination, of: packet.protocolNumber,
            length: payload.byteCount)
        checksum.add(payload)
        return checksum.value == 0
    }

    /// Octets of an IP header without options.
    static let networkLength = 20
    private static let dontFragment: UInt16 = 0x4000

    /// Whether two packets of one flow differ only in what ``Segmentation`` counts up or sets itself. `length` is that of
    /// all headers, the same in both.
    static func agree(_ one: RawSpan, _ other: RawSpan, headerLength: Int, _ carried: IPProtocol) -> Bool {
        // Traffic class, DF, TTL. Congestion is signalled packet by packet: a mark must not spread to others.
        guard one.uint16(at: 0) == other.uint16(at: 0),
            one.uint16(at: IPv4Packet.Field.fragment) == other.uint16(at: IPv4Packet.Field.fragment),
            one.octet(at: IPv4Packet.Field.ttl) == other.octet(at: IPv4Packet.Field.ttl)
        else { return false }
        guard carried == .tcp else { return true }
        let (start, options) = (networkLength, networkLength + TCP.headerLength)
        guard
            one.uint32(at: start + TCP.acknowledgment) == other.uint32(at: start + TCP.acknowledgment),
            one.octet(at: start + TCP.dataOffset) == other.octet(at: start + TCP.dataOffset),
            one.uint16(at: start + TCP.window) == other.uint16(at: start + TCP.window),
            one.uint16(at: start + TCP.urgentPointer) == other.uint16(at: start + TCP.urgentPointer)
        else { return false }
        var offset = options
        while offset < headerLength {
            guard one.uint32(at: offset) == other.uint32(at: offset) else { return false }
            offset += 4
        }
        return true
    }
}
