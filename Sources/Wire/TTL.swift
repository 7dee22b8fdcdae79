// SPDX-License-Identifier: Apache-2.0

/// A time to live that a packet may be sent with: 1 to 255 (RFC 1122 §3.2.1.7 forbids to send 0).
public struct TTL: RawRepresentable, Hashable, Sendable {
    /// The value of the header's octet, never 0.
    public let rawValue: UInt8

    /// `nil` for 0.
    public init?(rawValue: UInt8) {
        guard rawValue != 0 else { return nil }
        self.rawValue = rawValue
    }

    private init(known: UInt8) { rawValue = known }

    /// 64, the assigned default (RFC 1700, "IP TIME TO LIVE PARAMETER").
    public static let standard = TTL(known: 64)
    /// 255, the most; what a peer that checks a minimum TTL expects (RFC 5082 §3).
    public static let maximum = TTL(known: 255)
}
