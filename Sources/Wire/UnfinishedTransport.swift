// SPDX-License-Identifier: Apache-2.0

/// A TCP or UDP packet that arrived with its checksum left for hardware to finish.
///
/// Linux merges TCP segments of one flow on reception (GRO), through the outer header of a tunnel too, and a raw socket gets
/// the merged packet of up to 64 KiB: its lengths are right, but its checksum field holds the sum of the pseudo-header
/// only. A peer on the same machine may send ordinary packets in this state. Nothing marks them, so the field itself is
/// the sign. A packet whose finished checksum has this very value by chance (1 in 65,536) is finished to the same value.
public struct UnfinishedTransport: Equatable, Sendable {
    /// Where the checksum is to be finished: always `partial`.
    public let checksum: ChecksumState
    /// Which of the two it is.
    public let carried: IPProtocol
    /// Octets of the IP and transport headers together.
    public let headerLength: Int

    /// Looks at the packet at the start of `bytes`.
    ///
    /// `nil` when it is finished, a fragment, neither TCP nor UDP, shorter than its transport header, or no packet.
    public init?(_ bytes: RawSpan) {
        guard let packet = try? IPv4Packet(bytes) else { return nil }
        let payload = packet.payload
        let field: Int
        switch packet.protocolNumber {
        case .tcp:
            guard payload.byteCount >= TCP.headerLength else { return nil }
            field = TCP.checksum
            headerLength = packet.headerLength + Int(payload.octet(at: TCP.dataOffset) >> 4) * 4
        case .udp:
            guard payload.byteCount >= UDP.headerLength else { return nil }
            field = UDP.checksum
            headerLength = packet.headerLength + UDP.headerLength
        default: return nil
        }
        guard !packet.isFragment else { return nil }
        let pseudoHeader = Checksum(
            pseudoHeaderFrom: packet.source, to: packet.destination, of: packet.protocolNumber,
            length: payload.byteCount)
        guard payload.uint16(at: field) == pseudoHeader.folded else { return nil }
        carried = packet.protocolNumber
        checksum = .partial(start: UInt16(packet.headerLength), offset: UInt16(field))
    }
}
