// SPDX-License-Identifier: Apache-2.0

/// A mark that packets of this host carry beside their octets, and the bits of it that count: `0x1994/0xffff`.
///
/// Several programs share one mark of 32 bits: each writes and asks for the bits of its mask, and lets the others be.
public struct PacketMark: Hashable, Sendable {
    /// The mark itself; bits outside of the mask are zero.
    public let value: UInt32
    /// The bits that count.
    public let mask: UInt32

    /// `nil` where the mark has bits outside of the mask.
    public init?(_ value: UInt32, mask: UInt32 = .max) {
        guard value & ~mask == 0 else { return nil }
        (self.value, self.mask) = (value, mask)
    }

    private init(unchecked value: UInt32, mask: UInt32) { (self.value, self.mask) = (value, mask) }

    /// The bits that tunnels use by themselves: not those that Kubernetes (0x4000, 0x8000), Tailscale (0xff0000) and Calico
    /// (0xffff0000) set on packets of every program.
    public static let standardMask: UInt32 = 0x3fff
    /// What the first tunnel of a host has: the year in which protocol 4 came to Linux.
    public static let standard = PacketMark(unchecked: 0x1994, mask: standardMask)
    /// What tunnels have by themselves, each its own: the first that no other one has.
    public static let automatic = (0..<1_024).map { PacketMark(unchecked: 0x1994 + UInt32($0), mask: standardMask) }
    /// What packets have that no program has marked in these bits.
    public var none: PacketMark { PacketMark(unchecked: 0, mask: mask) }

    /// Whether a packet with this mark carries it.
    public func fits(_ mark: UInt32) -> Bool { mark & mask == value }

    /// Whether one packet can carry both.
    public func meets(_ other: PacketMark) -> Bool { (value ^ other.value) & mask & other.mask == 0 }
}

extension PacketMark: LosslessStringConvertible {
    /// Reads `0x1994/0xffff`, or a mark alone, of which all bits count; numbers are decimal, or hexadecimal with 0x.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { PacketMark.number(String($0)) }
        guard (1...2).contains(parts.count), let value = parts[0] else { return nil }
        guard parts.count == 2 else {
            self.init(value)
            return
        }
        guard let mask = parts[1] else { return nil }
        self.init(value, mask: mask)
    }

    private static func number(_ text: String) -> UInt32? {
        let isHexadecimal = text.lowercased().hasPrefix("0x")
        let digits = text.dropFirst(isHexadecimal ? 2 : 0)
        guard digits.first.map({ $0 != "+" && $0 != "-" }) == true else { return nil }
        return UInt32(digits, radix: isHexadecimal ? 16 : 10)
    }

    /// As `ip rule` writes it: without a mask where all bits count.
    public var description: String {
        let value = "0x\(String(value, radix: 16))"
        return mask == .max ? value : "\(value)/0x\(String(mask, radix: 16))"
    }
}
