// SPDX-License-Identifier: Apache-2.0

/// Explicit congestion notification: the two low bits of the traffic class octet (RFC 3168 §5).
public enum ECN: UInt8, CaseIterable, Sendable {
    /// Not ECN-capable transport.
    case notECT = 0b00
    /// ECN-capable transport, codepoint 1.
    case ect1 = 0b01
    /// ECN-capable transport, codepoint 0.
    case ect0 = 0b10
    /// Congestion experienced.
    case ce = 0b11

    /// The codepoint in the two low bits of a traffic class octet; the DSCP above them is ignored.
    public init(trafficClass: UInt8) {
        switch trafficClass & 0b11 {
        case 0b00: self = .notECT
        case 0b01: self = .ect1
        case 0b10: self = .ect0
        default: self = .ce
        }
    }

    /// What the outer header carries for this inner codepoint: the same, CE included (RFC 6040 §4.1, normal mode).
    public var encapsulated: ECN { self }

    /// What the inner packet leaves the tunnel with, after it crossed under `outer` (RFC 6040 §4.2, figure 4).
    ///
    /// `nil` means that the packet is to be dropped: the path signalled congestion to a transport that cannot hear it.
    public func decapsulated(under outer: ECN) -> ECN? {
        switch (self, outer) {
        case (.notECT, .ce): nil
        case (.notECT, _), (.ce, _): self
        case (_, .ce): .ce
        case (.ect0, .ect1): .ect1
        case (.ect0, _), (.ect1, _): self
        }
    }

    /// What is odd about meeting this inner codepoint under `outer`, although the packet goes on (RFC 6040 §4.2).
    ///
    /// Somebody on the way, or at the other end, does something that no RFC allows or that nobody uses today.
    public func remark(under outer: ECN) -> PacketSlot.Remark? {
        switch (self, outer) {
        case (.notECT, .ect0), (.notECT, .ect1), (.ce, .ect1): .dangerousECN
        case (.ect1, .ect0): .unexpectedECN
        default: nil
        }
    }
}
