// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Lowering the maximum segment size that TCP connections through the tunnel agree on.
///
/// Path MTU discovery needs ICMP, which somebody on the way may filter. A connection whose segments fit needs none.
public enum SegmentSizeClamp: Equatable, Sendable {
    /// Connections may agree on what they like.
    case off
    /// What fits through the tunnel as it is now.
    case auto
    /// At most this, octets.
    case fixed(UInt16)

    /// IPv4 and TCP headers without options, octets: what RFC 9293 §3.7.1 counts.
    static let headerLength = 40

    /// Applies to the packet in `slot`, which has been checked, on its way through a tunnel with this MTU, octets.
    func apply(to slot: inout PacketSlot, tunnelMTU: Int) {
        guard let limit = limit(tunnelMTU: tunnelMTU) else { return }
        let isUnfinished = if case .partial = slot.checksum { true } else { false }
        var bytes = slot.mutableBytes
        _ = bytes.clampMaximumSegmentSize(to: limit, isUnfinished: isUnfinished)
    }

    private func limit(tunnelMTU: Int) -> UInt16? {
        switch self {
        case .off: nil
        case .auto: UInt16(clamping: max(tunnelMTU - SegmentSizeClamp.headerLength, 1))
        case .fixed(let limit): limit
        }
    }
}
