// SPDX-License-Identifier: Apache-2.0

/// What the network said about an outer packet of ours: an ICMP error that was received (RFC 792).
///
/// Nothing authenticates it: whoever knows both outer addresses can send one.
public struct ICMPReport: Equatable, Sendable {
    /// 3 destination unreachable, 11 time exceeded, 12 parameter problem.
    public let type: UInt8
    /// What exactly, within the type.
    public let code: UInt8
    /// With 3/4, the longest packet that the next hop takes, octets; routers from before RFC 1191 leave it 0.
    public let nextHopMTU: UInt16
    /// Who sent it.
    public let offender: IPv4Address

    /// Names every field.
    public init(type: UInt8, code: UInt8, nextHopMTU: UInt16 = 0, offender: IPv4Address) {
        self.type = type
        self.code = code
        self.nextHopMTU = nextHopMTU
        self.offender = offender
    }
}

/// As one number, which fits into a counter: never 0, since no error has type 0.
extension ICMPReport {
    /// Packs all fields.
    public var encoded: UInt64 {
        UInt64(type) << 56 | UInt64(code) << 48 | UInt64(nextHopMTU) << 32 | UInt64(offender.rawValue)
    }

    /// Unpacks them; `nil` for 0.
    public init?(encoded: UInt64) {
        guard encoded != 0 else { return nil }
        type = UInt8(truncatingIfNeeded: encoded >> 56)
        code = UInt8(truncatingIfNeeded: encoded >> 48)
        nextHopMTU = UInt16(truncatingIfNeeded: encoded >> 32)
        offender = IPv4Address(rawValue: UInt32(truncatingIfNeeded: encoded))
    }
}
