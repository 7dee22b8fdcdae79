// SPDX-License-Identifier: Apache-2.0

/// An IPv4 address.
///
/// The raw value is in host byte order, so that addresses sort and mask like the numbers they are.
public struct IPv4Address: Hashable, Sendable, RawRepresentable {
    /// The 32 bits of the address, host byte order.
    public let rawValue: UInt32

    /// Takes the 32 bits of an address in host byte order.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Takes the four octets as they are written: `IPv4Address(192, 0, 2, 1)`.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// 0.0.0.0, the address of nobody.
    public static let unspecified = IPv4Address(rawValue: 0)
    /// 255.255.255.255, every host of the link (RFC 919 §7).
    public static let broadcast = IPv4Address(rawValue: .max)
}

extension IPv4Address: LosslessStringConvertible {
    /// Reads four decimal octets, the form of RFC 1123 §2.1 and of inet_pton(3).
    ///
    /// A leading zero is refused: half of the world reads it as octal. `nil` when `text` is anything else.
    public init?(_ text: some StringProtocol) {
        var (value, octet, digits, dots): (UInt32, UInt32, Int, Int) = (0, 0, 0, 0)
        for unit in text.utf8 {
            switch unit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digits == 0 || octet != 0 else { return nil }
                octet = octet * 10 + UInt32(unit - UInt8(ascii: "0"))
                digits += 1
                guard octet <= 255 else { return nil }
            case UInt8(ascii: "."):
                guard digits > 0 else { return nil }
                value = value << 8 | octet
                (octet, digits, dots) = (0, 0, dots + 1)
            default: return nil
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        rawValue = value << 8 | octet
    }

    /// The dotted quad.
    public var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 0xff).\(rawValue >> 8 & 0xff).\(rawValue & 0xff)"
    }
}

extension IPv4Address: Comparable {
    /// Orders as numbers.
    public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.rawValue < right.rawValue }
}

/// What an address is for, by the blocks of RFC 6890.
extension IPv4Address {
    /// 0.0.0.0/8, "this network" (RFC 1122 §3.2.1.3).
    public var isThisNetwork: Bool { rawValue >> 24 == 0 }
    /// 127.0.0.0/8 (RFC 1122 §3.2.1.3).
    public var isLoopback: Bool { rawValue >> 24 == 127 }
    /// 224.0.0.0/4 (RFC 5771).
    public var isMulticast: Bool { rawValue >> 28 == 0xe }
    /// 224.0.0.0/24: a group of the link, which no router forwards (RFC 5771 §4).
    public var isLinkLocalGroup: Bool { rawValue >> 8 == 0xe00000 }
    /// 240.0.0.0/4 (RFC 1112 §4), the limited broadcast 255.255.255.255 included.
    public var isReserved: Bool { rawValue >> 28 == 0xf }
    /// One host's address: it may be the source of a packet on the wire (RFC 1122 §3.2.1.3).
    public var isUnicast: Bool { !isThisNetwork && !isLoopback && !isMulticast && !isReserved }
}
