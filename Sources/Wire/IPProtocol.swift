// SPDX-License-Identifier: Apache-2.0

/// What an IP packet carries: the assigned Internet protocol numbers that matter here.
public struct IPProtocol: RawRepresentable, Hashable, Sendable {
    /// The value of the header's protocol octet.
    public let rawValue: UInt8

    /// Any protocol number, assigned or not.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// ICMP (RFC 792).
    public static let icmp = IPProtocol(rawValue: 1)
    /// IPv4 in IP (RFC 2003): ours. What firewalls call "ipip" is often 94, which nobody sends.
    public static let ipip = IPProtocol(rawValue: 4)
    /// TCP (RFC 9293).
    public static let tcp = IPProtocol(rawValue: 6)
    /// UDP (RFC 768).
    public static let udp = IPProtocol(rawValue: 17)
}

extension IPProtocol: CustomStringConvertible {
    /// The name for people, with the number where there is none.
    public var description: String {
        switch self {
        case .icmp: "ICMP"
        case .ipip: "IPIP"
        case .tcp: "TCP"
        case .udp: "UDP"
        default: "protocol \(rawValue)"
        }
    }
}
